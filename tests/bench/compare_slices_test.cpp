// Comparisons in slices: what is planned, in which order, and what becomes of real processes with
// made-up engines.
#include "bench/compare_slices.h"

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "bench/protocol.h"
#include "core/base/error.h"
#include "core/measure/worker.h"

namespace nety::bench {
namespace {

using results::Comparison;
using testing::HasSubstr;

// ---- the order of a turn ------------------------------------------------------------------------

TEST(TurnOrder, TakesEveryOrderEquallyOften) {
  for (const size_t count : {2U, 3U}) {
    TurnOrder order(count, 1);
    std::map<std::vector<size_t>, int> seen;
    for (int turn = 0; turn < 60; ++turn) ++seen[order.next()];
    EXPECT_EQ(seen.size(), count == 2 ? 2U : 6U);
    for (const auto& [which, times] : seen) EXPECT_EQ(times, count == 2 ? 30 : 10);
  }
}

TEST(TurnOrder, IsAnotherForEverySeedAndTheSameForOne) {
  const auto orders = [](uint64_t seed) {
    TurnOrder order(3, seed);
    std::vector<std::vector<size_t>> out;
    for (int turn = 0; turn < 12; ++turn) out.push_back(order.next());
    return out;
  };
  EXPECT_EQ(orders(7), orders(7));
  std::set<std::vector<std::vector<size_t>>> different;
  for (uint64_t seed = 0; seed < 20; ++seed) different.insert(orders(seed));
  EXPECT_GT(different.size(), 15U);
}

// ---- the plan -----------------------------------------------------------------------------------

SliceWishes in_two_minutes() {
  SliceWishes wishes;
  wishes.budget_s = 110;
  return wishes;
}

TEST(SlicePlan, SlicesTakeTwentyMilliseconds) {
  EXPECT_EQ(plan_slices({0.1, 0.0001, 0.005, 0.0001}, in_two_minutes()).tokens, 4);
  EXPECT_EQ(plan_slices({0.1, 0.0001, 0.2, 0.0001}, in_two_minutes()).tokens, 1);
  EXPECT_EQ(plan_slices({0.1, 0.0001, 1e-6, 0.0001}, in_two_minutes()).tokens, 128) << "all of -n";
}

TEST(SlicePlan, AShorterPromptWherePrefillIsSlow) {
  SliceWishes wishes = in_two_minutes();
  EXPECT_EQ(plan_slices({0.1, 0.0001, 0.005, 0.0001}, wishes).n_prompt, 512);
  EXPECT_EQ(plan_slices({0.1, 0.0007, 0.005, 0.0007}, wishes).n_prompt, 128);
  EXPECT_EQ(plan_slices({0.1, 0.1, 0.005, 0.1}, wishes).n_prompt, 64);
  EXPECT_EQ(plan_slices({0.1, 0.1, 0.005, 0.0001}, wishes).n_prompt, 512)
      << "others are in its way";
  wishes.fixed_prompt = true;
  EXPECT_EQ(plan_slices({0.1, 0.1, 0.005, 0.1}, wishes).n_prompt, 512);
  wishes.fixed_prompt = false;
  wishes.n_prompt = 32;
  EXPECT_EQ(plan_slices({0.1, 0.1, 0.005, 0.1}, wishes).n_prompt, 32);
}

TEST(SlicePlan, StaysWithinItsBudgetWhereThatIsPossible) {
  for (const double load_s : {0.01, 0.4, 1.0})
    for (const double token_s : {0.0001, 0.001, 0.003})
      for (const double step_s : {0.002, 0.02, 0.1}) {
        const SliceWishes wishes = in_two_minutes();
        const SliceSpeeds speeds{load_s, token_s, step_s, token_s};
        const SlicePlan plan = plan_slices(speeds, wishes);
        EXPECT_GE(plan.pairs, wishes.least);
        EXPECT_LE(plan.pairs, wishes.most);
        EXPECT_GE(plan.turns, 4);
        EXPECT_GE(plan.prefills, 2);
        const double all = pair_seconds(plan, speeds, wishes) * static_cast<double>(plan.pairs);
        EXPECT_LE(all, wishes.budget_s * 1.001) << load_s << " " << token_s << " " << step_s;
      }
}

TEST(SlicePlan, TakesTheLeastPairsAndTurnsWhereTimeIsShort) {
  const SlicePlan plan = plan_slices({30, 0.01, 1, 0.01}, in_two_minutes());
  EXPECT_EQ(plan.pairs, 10);
  EXPECT_EQ(plan.turns, 4);
  EXPECT_EQ(plan.pair_limit_s, 11);
}

TEST(SlicePlan, TakesThePairsThatAreAskedFor) {
  SliceWishes wishes = in_two_minutes();
  wishes.least = wishes.most = 2;
  wishes.fixed_pairs = true;
  EXPECT_EQ(plan_slices({0.1, 0.0001, 0.005, 0.0001}, wishes).turns, 100);
  wishes.fill_budget = false;
  EXPECT_EQ(plan_slices({0.1, 0.0001, 0.005, 0.0001}, wishes).turns, 24);
  EXPECT_EQ(plan_slices({0.1, 0.0001, 0.005, 0.0001}, wishes).pairs, 2);
}

TEST(SlicePlan, ProgramsFitTogetherWithWhatTheyShareCountedOnce) {
  EXPECT_TRUE(fit_together(3, 10, 20, 40, 100));  // 10 + 10 + 20 + 40 = 80
  EXPECT_FALSE(fit_together(3, 10, 21, 40, 100));
  EXPECT_TRUE(fit_together(2, 40, 0, 0, 100));
  EXPECT_FALSE(fit_together(3, 40, 0, 0, 100));
}

// ---- real processes -----------------------------------------------------------------------------

class SlicedComparison : public testing::Test {
 protected:
  SlicedComparison() {
    programs_.baseline = programs_.candidate = program("worker");
    programs_.workload.engine.model = "fake";
    programs_.workload.engine.run.mode = "fp32";
    programs_.workload.n_prompt = 16;
    programs_.workload.n_gen = 4;
    programs_.fixed_pairs = true;
    // Two in a thousand of these tests, and no more, may find a difference where there is none.
    request_.error = 0.002;
    request_.gates = {{"tg_tps", {}}};
    request_.most = 10;
  }
  static std::vector<std::string> program(const char* role) {
    return {measure::own_program(), role};
  }
  ComparedPrograms compare() {
    trial_ = try_slices(programs_, request_);
    EXPECT_NE(trial_.pairs, nullptr);
    request_.most = trial_.plan.pairs;
    CompareObserver observer;
    return bench::compare(*trial_.pairs, request_, observer);
  }
  static const Comparison& of(const ComparedPrograms& outcome, const std::string& metric) {
    for (const Comparison& comparison : outcome.comparisons)
      if (comparison.metric == metric) return comparison;
    throw std::out_of_range(metric);
  }
  SlicedPrograms programs_;
  CompareRequest request_;
  SlicedTrial trial_;
};

TEST_F(SlicedComparison, FindsTheSlowerOne) {
  programs_.candidate = program("slower-worker");
  const ComparedPrograms outcome = compare();
  EXPECT_EQ(trial_.protocol, kProtocol);
  EXPECT_EQ(outcome.pairs, 10);
  EXPECT_EQ(of(outcome, "tg_tps").verdict, "regression");
  EXPECT_NEAR(*of(outcome, "tg_tps").ratio.median, 1 / 1.5, 0.1);
  EXPECT_EQ(of(outcome, "tg_tps").ratio.n, 10);
  EXPECT_EQ(of(outcome, "tg_tps").n_gen, 4);
  EXPECT_EQ(of(outcome, "pp_tps").n_prompt, 16);
  EXPECT_EQ(of(outcome, "bytes_per_token").verdict, "same");
  EXPECT_EQ(of(outcome, "weights_bytes").verdict, "same");
  EXPECT_EQ(of(outcome, "load_s").ratio.n, 10) << "every pair has processes of its own";
  EXPECT_EQ(of(outcome, "ttft_s").ratio.n, 10);
  ASSERT_EQ(outcome.self.size(), 1U);
  EXPECT_TRUE(outcome.fit);
}

TEST_F(SlicedComparison, ProcessesCanBeShared) {
  request_.least = request_.most = 3;
  request_.renew_every = 2;
  request_.self_check = false;
  const ComparedPrograms outcome = compare();
  EXPECT_EQ(outcome.pairs, 3);
  EXPECT_EQ(of(outcome, "load_s").ratio.n, 2);
  EXPECT_TRUE(outcome.self.empty());
}

TEST_F(SlicedComparison, AnOlderProgramIsAskedInItsOwnWords) {
  programs_.baseline = program("old-worker");
  programs_.candidate = program("slower-worker");
  const ComparedPrograms outcome = compare();
  EXPECT_EQ(trial_.protocol, 1);
  EXPECT_EQ(of(outcome, "tg_tps").verdict, "regression");
  EXPECT_EQ(of(outcome, "bytes_per_token").verdict, "same");
}

TEST_F(SlicedComparison, WholeRunsWhereMemoryDoesNotHoldAll) {
  programs_.available_bytes = 1 << 20;
  const SlicedTrial trial = try_slices(programs_, request_);
  EXPECT_EQ(trial.pairs, nullptr);
  EXPECT_GT(trial.needed_bytes, 1 << 20);
}

TEST_F(SlicedComparison, SaysWhyAProgramGivesNothing) {
  programs_.candidate = {"/bin/true"};
  try {
    try_slices(programs_, request_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kEnvironment);
    EXPECT_THAT(error.what(), HasSubstr("/bin/true"));
  }
}

TEST_F(SlicedComparison, EndsWhenInterrupted) {
  request_.least = request_.most = 3;
  trial_ = try_slices(programs_, request_);
  class Impatient final : public CompareObserver {
   public:
    void pair(int64_t done, const CompareRequest&) override { done_ = done; }
    bool interrupted() override { return done_ == 1; }

   private:
    int64_t done_ = 0;
  } observer;
  const ComparedPrograms outcome = bench::compare(*trial_.pairs, request_, observer);
  EXPECT_TRUE(outcome.interrupted);
  EXPECT_EQ(outcome.pairs, 1);
}

}  // namespace
}  // namespace nety::bench
