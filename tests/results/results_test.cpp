#include "core/results/results.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

namespace nety::results {
namespace {

std::vector<double> counted(int n) {
  std::vector<double> samples;
  for (int i = 1; i <= n; ++i) samples.push_back(i);
  return samples;
}

TEST(Summarise, GivesTheMiddleAndTheRangeWhateverTheOrder) {
  const Metric metric = summarise("s", {3, 1, 2});
  EXPECT_EQ(metric.unit, "s");
  EXPECT_EQ(metric.kind, "measured");
  EXPECT_EQ(metric.n, 3);
  EXPECT_EQ(metric.median, 2);
  EXPECT_EQ(metric.min, 1);
  EXPECT_EQ(metric.max, 3);
  EXPECT_EQ(metric.samples, (std::vector<double>{3, 1, 2}));
}

TEST(Summarise, TakesTheMeanOfTheTwoMiddleSamplesWithoutOverflow) {
  EXPECT_EQ(summarise("s", {1, 2, 4, 8}).median, 3);
  const double huge = std::numeric_limits<double>::max();
  EXPECT_EQ(summarise("s", {huge, huge}).median, huge);
}

TEST(Summarise, HasNoIntervalBelowSixSamplesAndSaysSo) {
  const Metric metric = summarise("s", counted(5));
  EXPECT_FALSE(metric.ci);
  EXPECT_EQ(metric.reason, "no interval: fewer than 6 samples");
  EXPECT_TRUE(summarise("s", counted(6)).ci);
}

// Ranks of the sign-test interval as in published tables.
TEST(Summarise, HasTheExactOrderStatisticInterval) {
  struct Row {
    int n;
    double low, high;
  };
  for (const Row& row : {Row{6, 1, 6}, Row{7, 1, 7}, Row{8, 1, 8}, Row{9, 2, 8}, Row{10, 2, 9},
                         Row{20, 6, 15}, Row{25, 8, 18}, Row{50, 18, 33}, Row{100, 40, 61}}) {
    const Metric metric = summarise("s", counted(row.n));
    ASSERT_TRUE(metric.ci) << row.n;
    EXPECT_EQ(metric.ci->first, row.low) << row.n;
    EXPECT_EQ(metric.ci->second, row.high) << row.n;
    EXPECT_EQ(metric.reason, "") << row.n;
  }
}

TEST(Summarise, HasANarrowIntervalOverManySamples) {
  const Metric metric = summarise("s", counted(100'000));
  ASSERT_TRUE(metric.ci);
  EXPECT_NEAR(metric.ci->first, 49'691, 2);
  EXPECT_NEAR(metric.ci->second, 50'310, 2);
}

TEST(Summarise, CoversTheMedianAtLeastAsOftenAsItSays) {
  std::mt19937 random(7);
  std::exponential_distribution<double> skewed;
  const double median = std::log(2.0);
  int covered = 0;
  const int runs = 4000;
  for (int run = 0; run < runs; ++run) {
    std::vector<double> samples(12);
    std::generate(samples.begin(), samples.end(), [&] { return skewed(random); });
    const auto ci = summarise("s", samples).ci;
    covered += ci->first <= median && median <= ci->second;
  }
  EXPECT_GE(covered, runs * 0.95);
}

TEST(Summarise, HasNoValueWithoutSamplesOrWithOneThatIsNotFinite) {
  EXPECT_EQ(summarise("s", {}).reason, "no samples");
  const Metric metric = summarise("s", {1, std::numeric_limits<double>::quiet_NaN(), 2});
  EXPECT_FALSE(metric.median);
  EXPECT_FALSE(metric.ci);
  EXPECT_EQ(metric.n, 3);
  EXPECT_EQ(metric.reason, "1 of 3 samples are not finite numbers");
}

TEST(SingleValue, IsItsOwnRangeAndSaysItsKind) {
  const Metric bytes = exactly("bytes", 42);
  EXPECT_EQ(bytes.median, 42);
  EXPECT_EQ(bytes.min, 42);
  EXPECT_EQ(bytes.kind, "measured");
  EXPECT_EQ(bytes.n, 1);
  EXPECT_EQ(estimated("bytes", 1, {"shape"}).kind, "estimated");
  EXPECT_EQ(derived("ratio", 2, {"tg_tps", "pp_tps"}).kind, "derived");
  EXPECT_EQ(derived("ratio", 2, {"tg_tps", "pp_tps"}).inputs.size(), 2U);
}

TEST(SingleValue, ThatIsNotFiniteIsAbsentWithAReason) {
  const Metric metric = derived("ratio", std::numeric_limits<double>::infinity(), {"a"});
  EXPECT_FALSE(metric.median);
  EXPECT_EQ(metric.reason, "not a finite number");
}

TEST(Words, AreThoseOfTheSchema) {
  EXPECT_EQ(name_of(Status::kDoesNotFit), "does_not_fit");
  EXPECT_EQ(name_of(FindingStatus::kWarn), "warn");
  EXPECT_EQ(name_of(Verdict::kNotTested), "NOT TESTED");
}

}  // namespace
}  // namespace nety::results
