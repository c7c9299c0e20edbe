// Sampling keeps what its options say and draws in proportion to probability.
#include "core/engine/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <string>

#include "core/base/error.h"

namespace nety::engine {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

std::map<int32_t, int> draw(SamplingOptions options, const std::vector<float>& logits, int times,
                            const std::vector<int32_t>& recent = {}) {
  Sampler sampler(options);
  std::map<int32_t, int> counts;
  for (int i = 0; i < times; ++i) ++counts[sampler.pick(logits, {recent})];
  return counts;
}

const SamplingOptions kPlain{.temperature = 1, .top_k = 0, .top_p = 1};

TEST(Sampler, TakesTheLikeliestWhenGreedyWhateverElseIsSet) {
  SamplingOptions options{.greedy = true, .temperature = 5, .repeat_penalty = 100};
  EXPECT_EQ(draw(options, {1, 3, 2}, 10, {1}), (std::map<int32_t, int>{{1, 10}}));
  EXPECT_EQ(draw({.temperature = 0}, {1, 3, 2}, 10), (std::map<int32_t, int>{{1, 10}}));
}

TEST(Sampler, TakesTheFirstOfEquals) { EXPECT_EQ(argmax(std::vector<float>{1, 2, 2}), 1); }

TEST(Sampler, DrawsInProportionToProbability) {
  const std::vector<float> logits = {std::log(0.1F), std::log(0.2F), std::log(0.7F)};
  auto counts = draw(kPlain, logits, 10000);
  // Five standard deviations of a binomial count.
  EXPECT_NEAR(counts[0], 1000, 150);
  EXPECT_NEAR(counts[1], 2000, 200);
  EXPECT_NEAR(counts[2], 7000, 230);
}

TEST(Sampler, SharpensWithALowTemperature) {
  SamplingOptions options = kPlain;
  options.temperature = 0.1;
  EXPECT_GT(draw(options, {0, 1}, 1000)[1], 990);
}

TEST(Sampler, KeepsOnlyTopK) {
  SamplingOptions options = kPlain;
  options.top_k = 2;
  const auto counts = draw(options, {1, 1.1F, 1.2F, 1.3F}, 1000);
  EXPECT_EQ(counts.size(), 2U);
  EXPECT_TRUE(counts.contains(2) && counts.contains(3));
}

TEST(Sampler, KeepsTheTokensThatReachTopP) {
  SamplingOptions options = kPlain;
  options.top_p = 0.75;
  const std::vector<float> logits = {std::log(0.5F), std::log(0.3F), std::log(0.2F)};
  const auto counts = draw(options, logits, 2000);
  EXPECT_EQ(counts.size(), 2U);
  EXPECT_FALSE(counts.contains(2));
}

TEST(Sampler, DropsTokensBelowMinP) {
  SamplingOptions options = kPlain;
  options.min_p = 0.5;
  const std::vector<float> logits = {std::log(0.5F), std::log(0.3F), std::log(0.2F)};
  EXPECT_FALSE(draw(options, logits, 2000).contains(2));
}

TEST(Sampler, PenalisesRecentTokensOnceHoweverOftenTheyCame) {
  SamplingOptions options{.temperature = 1e-3, .top_k = 0, .top_p = 1, .repeat_penalty = 1.5};
  // 3 / 1.5 = 2 still beats 1.9; penalised twice it would not.
  EXPECT_EQ(draw(options, {3, 1.9F}, 5, {0, 0, 0}), (std::map<int32_t, int>{{0, 5}}));
  EXPECT_EQ(draw(options, {-1, -1.2F}, 5, {0}), (std::map<int32_t, int>{{1, 5}}));
}

TEST(Sampler, PenalisesWhereTheLikeliestIsTaken) {
  const SamplingOptions options{.temperature = 0, .repeat_penalty = 2};
  EXPECT_EQ(draw(options, {3, 2, 1.4F}, 3, {0}), (std::map<int32_t, int>{{1, 3}}));
  EXPECT_EQ(draw(options, {3, 1.5F, 1.4F}, 3, {0}), (std::map<int32_t, int>{{0, 3}}));
  EXPECT_EQ(draw(options, {3, 2, 1.4F}, 3), (std::map<int32_t, int>{{0, 3}}));
  SamplingOptions greedy = options;
  greedy.greedy = true;
  EXPECT_EQ(draw(greedy, {3, 2, 1.4F}, 3, {0}), (std::map<int32_t, int>{{0, 3}}));
}

TEST(Sampler, TakesTheTemperatureLastAsLlamaCppDoes) {
  // 0.5, 0.3, 0.2: at temperature 1 the first two reach 0.75; flattened by 10 all three are needed.
  SamplingOptions options{.temperature = 10, .top_k = 0, .top_p = 0.75};
  const std::vector<float> logits = {std::log(0.5F), std::log(0.3F), std::log(0.2F)};
  EXPECT_TRUE(draw(options, logits, 2000).contains(2));
  options.order = SamplingOrder::kLlamaCpp;
  auto counts = draw(options, logits, 2000);
  EXPECT_FALSE(counts.contains(2));
  EXPECT_NEAR(counts[0], 1000, 120);  // nearly alike then
}

TEST(Sampler, TakesOnlyWhatIsAllowed) {
  const std::vector<float> logits(70, 1.0F);
  const std::vector<uint64_t> mask{uint64_t{1} << 63, 3};  // 63, 64 and 65
  for (const bool greedy : {false, true}) {
    Sampler sampler({.greedy = greedy});
    for (int i = 0; i < 20; ++i) {
      const int32_t token = sampler.pick(logits, {}, mask);
      EXPECT_TRUE(token >= 63 && token <= 65);
    }
  }
  // Tokens beyond the mask are not allowed.
  EXPECT_EQ(argmax(logits, std::vector<uint64_t>{4}), 2);
  EXPECT_THROW(argmax(logits, std::vector<uint64_t>{0}), Error);
  Sampler sampler({.temperature = 1});
  EXPECT_THROW(sampler.pick(logits, {}, std::vector<uint64_t>{0}), Error);
}

TEST(Sampler, AddsBiasBeforeAllElseAndWhereTheLikeliestIsTaken) {
  SamplingOptions options{.temperature = 0, .repeat_penalty = 2};
  options.bias = {{2, 1.5F}};
  EXPECT_EQ(draw(options, {1, 2, 1}, 3), (std::map<int32_t, int>{{2, 3}}));
  EXPECT_EQ(draw(options, {1, 2, 1}, 3, {2}), (std::map<int32_t, int>{{1, 3}}));  // (1 + 1.5) / 2
  options.greedy = true;
  EXPECT_EQ(draw(options, {1, 2, 1}, 3), (std::map<int32_t, int>{{1, 3}}));
  options = kPlain;
  options.bias = {{0, -100}};
  EXPECT_FALSE(draw(options, {3, 1, 1}, 200).contains(0));
}

TEST(Sampler, TakesOneRandomNumberForEachTokenThatIsDrawn) {
  const std::vector<float> flat(50, 0.0F);
  std::vector<float> certain(50, -100.0F);
  certain[7] = 0;
  Sampler one({.seed = 3}), other({.seed = 3});
  one.pick(flat);
  EXPECT_EQ(other.pick(certain), 7);  // one that is left over is drawn, too
  EXPECT_EQ(one.pick(flat), other.pick(flat));
}

TEST(Sampler, RepeatsItselfWithTheSameSeed) {
  const std::vector<float> logits(100, 0.0F);
  const auto sequence = [&](uint64_t seed) {
    SamplingOptions options = kPlain;
    options.seed = seed;
    Sampler sampler(options);
    std::vector<int32_t> tokens;
    for (int i = 0; i < 50; ++i) tokens.push_back(sampler.pick(logits));
    return tokens;
  };
  EXPECT_EQ(sequence(7), sequence(7));
  EXPECT_NE(sequence(7), sequence(8));
}

TEST(Sampler, IgnoresLogitsThatAreNoNumbersAndRefusesWhenNoneIs) {
  EXPECT_EQ(draw(kPlain, {kNaN, 1, -INFINITY}, 20), (std::map<int32_t, int>{{1, 20}}));
  const std::vector<float> none = {kNaN, kNaN};
  EXPECT_THROW(argmax(none), Error);
}

}  // namespace
}  // namespace nety::engine
