// The choice of experts, against softmax in double precision and by hand where scores are equal.
#include "core/model/routing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

namespace nety::model {
namespace {

using checkpoint::Gating;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<Choice> choose(Gating gating, std::vector<float> scores, size_t count) {
  std::vector<Choice> chosen(count);
  choose_experts(gating, scores, chosen);
  return chosen;
}

std::vector<int32_t> experts_of(const std::vector<Choice>& choices) {
  std::vector<int32_t> experts;
  for (const Choice& choice : choices) experts.push_back(choice.expert);
  return experts;
}

class EveryGating : public testing::TestWithParam<Gating> {};

TEST_P(EveryGating, TakesTheLargestAndWeighsThemAsSoftmaxDoes) {
  std::mt19937 random(3);
  for (const size_t experts : {1U, 4U, 33U, 128U})
    for (size_t count = 1; count <= std::min<size_t>(experts, 8); ++count) {
      std::vector<float> scores(experts);
      for (float& score : scores) score = static_cast<float>(random() % 10007) / 700 - 7;
      std::vector<size_t> order(experts);
      std::iota(order.begin(), order.end(), size_t{0});
      std::ranges::stable_sort(order, [&](size_t a, size_t b) { return scores[a] > scores[b]; });
      double all = 0, chosen = 0;
      for (size_t i = 0; i < experts; ++i) {
        all += std::exp(double{scores[order[i]]});
        if (i < count) chosen += std::exp(double{scores[order[i]]});
      }
      const double sum = GetParam() == Gating::kSoftmax ? all : chosen;
      std::ranges::sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(count));
      const std::vector<Choice> found = choose(GetParam(), scores, count);
      for (size_t i = 0; i < count; ++i) {
        EXPECT_EQ(found[i].expert, static_cast<int32_t>(order[i]));
        EXPECT_NEAR(found[i].weight, std::exp(double{scores[order[i]]}) / sum, 1e-6);
      }
    }
}

TEST_P(EveryGating, PrefersTheLowerNumberOfEqualScores) {
  EXPECT_EQ(experts_of(choose(GetParam(), {1, 2, 2, 1, 2}, 2)), (std::vector<int32_t>{1, 2}));
  EXPECT_EQ(experts_of(choose(GetParam(), {0, 0, 0, 0}, 3)), (std::vector<int32_t>{0, 1, 2}));
  // Where softmax makes both zero.
  EXPECT_EQ(experts_of(choose(Gating::kSoftmax, {-900, 0, -800}, 2)), (std::vector<int32_t>{0, 1}));
  EXPECT_EQ(experts_of(choose(Gating::kSoftmaxOfChosen, {-900, 0, -800}, 2)),
            (std::vector<int32_t>{1, 2}));
}

TEST_P(EveryGating, ChoosesDifferentExpertsWhateverTheScores) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const std::vector<float>& scores : {std::vector<float>{kNan, kNan, kNan, kNan},
                                           {kNan, 1, kNan, 2},
                                           {infinity, infinity, -infinity, 0},
                                           {-infinity, -infinity, -infinity, -infinity}}) {
    const std::vector<int32_t> experts = experts_of(choose(GetParam(), scores, 3));
    EXPECT_TRUE(experts[0] >= 0 && experts[0] < experts[1] && experts[1] < experts[2] &&
                experts[2] < 4);
  }
  EXPECT_EQ(experts_of(choose(Gating::kSoftmaxOfChosen, {kNan, 1, kNan, 2}, 2)),
            (std::vector<int32_t>{1, 3}));
}

TEST(Groups, HaveEachTokenWithEachOfItsExperts) {
  std::vector<float> scores = {9, 0, 8, 0, 0, 7, 8, 0, 9, 0, 0, 8};  // [3, 4]
  const std::vector<ExpertTokens> groups = tokens_by_expert(
      {.experts = 4, .chosen = 2, .ffn_dim = 1, .gating = Gating::kSoftmaxOfChosen}, scores);
  ASSERT_EQ(groups.size(), 4U);
  EXPECT_EQ(groups[0].tokens, (std::vector<int32_t>{0, 2}));
  EXPECT_EQ(groups[1].tokens, (std::vector<int32_t>{1}));
  EXPECT_EQ(groups[2].tokens, (std::vector<int32_t>{0, 1}));
  EXPECT_EQ(groups[3].tokens, (std::vector<int32_t>{2}));
  EXPECT_FLOAT_EQ(groups[0].weights[0] + groups[2].weights[0], 1);
}

INSTANTIATE_TEST_SUITE_P(Gatings, EveryGating,
                         testing::Values(Gating::kSoftmax, Gating::kSoftmaxRenormalised,
                                         Gating::kSoftmaxOfChosen),
                         [](const auto& one) {
                           return "number_" + std::to_string(static_cast<int>(one.param));
                         });

}  // namespace
}  // namespace nety::model
