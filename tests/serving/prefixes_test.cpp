// Which sequence reads a prompt.
#include "core/serving/prefixes.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace nety::serving {
namespace {

/// `count` tokens from `first` on.
std::vector<int32_t> run_of(int32_t first, size_t count) {
  std::vector<int32_t> tokens(count);
  std::iota(tokens.begin(), tokens.end(), first);
  return tokens;
}

std::vector<int32_t> joined(std::vector<int32_t> a, const std::vector<int32_t>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(Prefixes, AreCountedInTokens) {
  const std::vector<int32_t> a{1, 2, 3}, b{1, 2, 4, 5}, empty;
  EXPECT_EQ(shared_prefix(a, b), 2);
  EXPECT_EQ(shared_prefix(a, a), 3);
  EXPECT_EQ(shared_prefix(a, empty), 0);
}

TEST(Prefixes, GoOnFromTheSequenceThatHasTheConversation) {
  const auto mine = run_of(0, 40), others = run_of(100, 40);
  const auto prompt = joined(mine, run_of(500, 5));
  const HeldSequence held[] = {{others, false, 1}, {mine, false, 2}, {{}, false, 0}};
  EXPECT_EQ(place_for(prompt, held, false), (Place{1, 40}));
  EXPECT_EQ(place_for(prompt, held, true), (Place{1, 40}));
}

TEST(Prefixes, LeaveOneTokenToBeRead) {
  const auto mine = run_of(0, 10);
  const HeldSequence held[] = {{mine, false, 1}};
  EXPECT_EQ(place_for(mine, held, false), (Place{0, 9}));
}

TEST(Prefixes, GoToTheSequenceThatWasUsedLongestAgo) {
  const auto a = run_of(0, 10), b = run_of(100, 10), prompt = run_of(500, 5);
  const HeldSequence held[] = {{a, false, 7}, {b, false, 3}, {a, true, 1}};
  EXPECT_EQ(place_for(prompt, held, false), (Place{1, 0}));
}

TEST(Prefixes, DoNotDestroyALongConversationForAFewTokens) {
  const auto greeting = run_of(0, 4);
  const auto other = joined(greeting, run_of(100, 200));
  const auto prompt = joined(greeting, run_of(500, 100));
  const HeldSequence held[] = {{other, false, 9}, {{}, false, 0}};
  EXPECT_EQ(place_for(prompt, held, false), (Place{1, 0}));
}

TEST(Prefixes, AreCopiedWhereThatIsPossible) {
  const auto system = run_of(0, 50);
  const auto running = joined(system, run_of(100, 100));
  const auto prompt = joined(system, run_of(500, 10));
  const HeldSequence held[] = {{running, true, 9}, {{}, false, 0}};
  EXPECT_EQ(place_for(prompt, held, true), (Place{1, 50, 0}));
  EXPECT_EQ(place_for(prompt, held, false), (Place{1, 0}));
}

TEST(Prefixes, AreNotToBeHadWhereAllSequencesAreBusy) {
  const auto a = run_of(0, 10);
  const HeldSequence held[] = {{a, true, 1}};
  EXPECT_EQ(place_for(a, held, true), std::nullopt);
}

}  // namespace
}  // namespace nety::serving
