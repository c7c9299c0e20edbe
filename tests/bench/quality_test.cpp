#include "bench/quality.h"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "bench/evaluation_text.h"
#include "bench/window_scorer.h"
#include "core/base/error.h"

namespace nety::bench {
namespace {

constexpr double kExact = 1e-12;  // double arithmetic over a few terms

TEST(LogSumExp, SurvivesLargeLogits) {
  const std::vector<float> logits{1000, 1000, -1000};
  EXPECT_NEAR(log_sum_exp(logits), 1000 + std::log(2.0), kExact * 1000);
}

TEST(LogSumExp, IsNotANumberWhereALogitIsNot) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
    EXPECT_TRUE(std::isnan(log_sum_exp(std::vector<float>{1, bad, 2})));
}

TEST(Divergence, OfADistributionFromItselfIsZero) {
  const std::vector<float> logits{0.5F, -3, 2, 7};
  const double lse = log_sum_exp(logits);
  EXPECT_EQ(divergence(logits, lse, logits, lse), 0);
}

TEST(Divergence, IsTheTextbookValue) {
  // p = (1/2, 1/2), q = (1/4, 3/4): ln(2)/2 + ln(2/3)/2
  const std::vector<float> p{0, 0};
  const std::vector<float> q{0, static_cast<float>(std::log(3.0))};
  const double expected = 0.5 * std::log(2.0) + 0.5 * std::log(2.0 / 3.0);
  EXPECT_NEAR(divergence(p, log_sum_exp(p), q, log_sum_exp(q)), expected, 1e-7);  // float logits
}

TEST(CutWindows, KeepsAShortTextWhole) {
  const Windows windows = cut_windows(876, 2048);
  EXPECT_EQ(windows.count, 1);
  EXPECT_EQ(windows.tokens, 876);
  EXPECT_EQ(windows.likelihood_from, 1);
}

TEST(CutWindows, CutsALongOneAndScoresSecondHalves) {
  const Windows windows = cut_windows(2500, 2048);
  EXPECT_EQ(windows.count, 9);
  EXPECT_EQ(windows.tokens, 256);
  EXPECT_EQ(windows.likelihood_from, 128);
}

TEST(CutWindows, FitsTheContext) {
  EXPECT_EQ(cut_windows(876, 64).tokens, 64);
  EXPECT_EQ(cut_windows(876, 64).count, 13);
  EXPECT_EQ(cut_windows(1, 64).count, 0);
  EXPECT_EQ(cut_windows(876, 1).count, 0);
  EXPECT_EQ(cut_windows(0, 0).count, 0);
}

TEST(ClusteredMean, HasStudentsInterval) {
  // Six windows with means 1..6: mean 3.5, s = 1.8708, t(5) = 2.5706.
  std::vector<std::vector<double>> windows;
  for (int i = 1; i <= 6; ++i) windows.push_back({i - 0.5, i + 0.5});
  const results::Metric metric = clustered_mean("nat", windows);
  EXPECT_NEAR(metric.median.value_or(0), 3.5, kExact);
  ASSERT_TRUE(metric.ci);
  EXPECT_NEAR(metric.ci->second - 3.5, 2.5706 * 1.8708 / std::sqrt(6.0), 0.005);
  EXPECT_EQ(metric.n, 12);
}

TEST(ClusteredMean, HasNoIntervalFromFewWindows) {
  const results::Metric metric = clustered_mean("nat", {{1, 2}, {3, 4}});
  EXPECT_EQ(metric.median, 2.5);
  EXPECT_FALSE(metric.ci);
  EXPECT_FALSE(metric.reason.empty());
}

TEST(ClusteredMean, RefusesNumbersThatAreNone) {
  const results::Metric metric = clustered_mean("nat", {{1, std::nan("")}});
  EXPECT_FALSE(metric.median);
  EXPECT_EQ(metric.reason, "1 of 2 positions are not finite");
  EXPECT_FALSE(clustered_mean("nat", {}).median);
}

class Scorer : public ::testing::Test {
 protected:
  std::filesystem::path file_ = std::filesystem::path(::testing::TempDir()) /
                                fmt::format("nety_window_scorer_test-{}", ::getpid());
  void TearDown() override { std::filesystem::remove(file_); }
};

TEST_F(Scorer, GivesTheSameWhateverTheThreadsAndThePieces) {
  constexpr int64_t kVocab = 5;
  const std::vector<int32_t> tokens{0, 1, 2, 3, 4};
  std::vector<float> logits;
  for (int i = 0; i < 4 * kVocab; ++i) logits.push_back(std::sin(static_cast<float>(i)));
  ThreadPool one(1), three(3);
  WindowScorer reference(tokens, kVocab, three, file_, {});
  reference.add(0, logits);
  WindowScorer again(tokens, kVocab, one, {}, file_);
  again.add(0, std::span(logits).first(kVocab));
  again.add(1, std::span(logits).subspan(kVocab));
  const WindowScores first = reference.take(), second = again.take();
  EXPECT_EQ(first.nll, second.nll);
  EXPECT_TRUE(first.kld.empty());
  EXPECT_EQ(second.kld, std::vector<double>(4, 0));
  EXPECT_EQ(second.same_top, std::vector<double>(4, 1));
  EXPECT_NEAR(first.nll[0], log_sum_exp(std::span(logits).first(kVocab)) - logits[1], kExact);
}

TEST_F(Scorer, SaysWhenTheReferenceIsTooShort) {
  const std::vector<int32_t> tokens{0, 1, 2};
  const std::vector<float> logits(6, 0);
  ThreadPool pool(2);
  {
    WindowScorer reference(tokens, 3, pool, file_, {});
    reference.add(0, std::span(logits).first(3));
  }
  WindowScorer scorer(tokens, 3, pool, {}, file_);
  EXPECT_THROW(scorer.add(0, logits), Error);
  EXPECT_THROW(WindowScorer(tokens, 3, pool, {}, "/nonexistent/x"), Error);
}

TEST(EvaluationText, IsALongTextInEnglishFrenchAndCode) {
  const std::string_view text = evaluation_text();
  EXPECT_GT(text.size(), 8000U);
  EXPECT_NE(text.find("l'heure"), std::string_view::npos);
  EXPECT_NE(text.find("struct RunningMean"), std::string_view::npos);
}

}  // namespace
}  // namespace nety::bench
