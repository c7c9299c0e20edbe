// Ratios of rates that were measured in turns, and the ranks that allow to look at any time.
#include "core/results/paired.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "core/results/robust.h"
#include "core/results/sign_test.h"

namespace nety::results {
namespace {

Metric in_turns(std::vector<double> samples, std::vector<int64_t> turns) {
  Metric metric = summarise("tok/s", std::move(samples));
  metric.turns = std::move(turns);
  return metric;
}

TEST(AnytimeRank, NeedsSixSamplesAtNinetyFivePercent) {
  EXPECT_EQ(anytime_rank(0, 0.05), 0);
  EXPECT_EQ(anytime_rank(5, 0.05), 0);
  EXPECT_EQ(anytime_rank(kFewestPairs, kPairedError), 1);
  EXPECT_EQ(anytime_rank(20, 0.05), 4);
  EXPECT_EQ(anytime_rank(100, 0.05), 33);
  for (const int64_t n : {7, 8, 30, 77, 500}) {
    EXPECT_LE(anytime_rank(n, 0.05), median_rank(n, 0.05)) << n;
    EXPECT_LE(anytime_rank(n, 0.01), anytime_rank(n, 0.05)) << n;
  }
}

// Whoever looks after every single sample finds the true median outside of some interval with a
// probability of at most alpha: the walk of signs, exactly, with every path dropped that ever left.
TEST(AnytimeRank, HoldsAtEveryLookTogether) {
  for (const double alpha : {0.05, 0.01}) {
    std::vector<double> paths = {1};  // by the number of samples below the median
    double left = 0;
    for (int64_t n = 1; n <= 2000; ++n) {
      paths.push_back(0);
      for (size_t k = paths.size() - 1; k > 0; --k) paths[k] = (paths[k] + paths[k - 1]) / 2;
      paths[0] /= 2;
      const int64_t rank = anytime_rank(n, alpha);
      for (int64_t k = 0; k < rank; ++k)
        for (const int64_t below : {k, n - k}) {
          left += paths[static_cast<size_t>(below)];
          paths[static_cast<size_t>(below)] = 0;
        }
    }
    EXPECT_LE(left, alpha);
    EXPECT_GT(left, alpha / 3) << "wider than need be";
  }
}

TEST(Paired, PairsSamplesOfTheSameTurn) {
  const Metric one = in_turns({10, 20, 40, 80}, {0, 2, 3, 7});
  const Metric other = in_turns({5, 5, 10, 0, 40}, {0, 1, 2, 3, 7});
  const std::vector<double> logs = paired_logs(one, other);  // turns 0, 2 and 7; 3 has no ratio
  ASSERT_EQ(logs.size(), 3U);
  for (const double log : logs) EXPECT_DOUBLE_EQ(log, std::log(2.0));
  EXPECT_TRUE(paired_logs(one, in_turns({1, 1}, {1, 4})).empty());
  EXPECT_TRUE(paired_logs(summarise("tok/s", {1, 2}), other).empty());
}

TEST(Paired, HasAnIntervalFromSixPairs) {
  std::vector<double> logs(5, std::log(1.5));
  EXPECT_EQ(ratio_of_logs(logs).n, 5);
  EXPECT_FALSE(ratio_of_logs(logs).ci);
  logs.push_back(std::log(1.8));
  const PairedRatio ratio = ratio_of_logs(logs);
  EXPECT_DOUBLE_EQ(ratio.value, 1.5);
  ASSERT_TRUE(ratio.ci);
  EXPECT_DOUBLE_EQ(ratio.ci->first, 1.5);
  EXPECT_DOUBLE_EQ(ratio.ci->second, 1.8);
  EXPECT_EQ(ratio_of_logs({}).n, 0);
}

std::vector<double> normal_logs(double ratio, double sd, int n, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> noise(std::log(ratio), sd);
  std::vector<double> logs;
  for (int i = 0; i < n; ++i) logs.push_back(noise(random));
  return logs;
}

TEST(Paired, TellsHowManyMorePairsWouldDecide) {
  EXPECT_EQ(pairs_to_tell({}, 1.02), kFewestPairs);
  EXPECT_EQ(pairs_to_tell(std::vector<double>(2, std::log(1.5)), 1.02), kFewestPairs - 2);
  EXPECT_EQ(pairs_to_tell(std::vector<double>(6, std::log(1.5)), 1.02), 0);
  // Nobody waits for what sits on the margin.
  std::vector<double> on_the_margin;
  for (int i = 0; i < 200; ++i) on_the_margin.push_back(std::log(1.02) + (i % 2 ? 0.1 : -0.1));
  EXPECT_FALSE(pairs_to_tell(on_the_margin, 1.02));
  // What it says of ten pairs is about what it takes, in the median of many machines.
  std::vector<double> quotients;
  for (unsigned seed = 1; seed <= 60; ++seed) {
    const std::vector<double> all = normal_logs(1.06, 0.06, 1000, seed);
    const std::span<const double> some(all.data(), 10);
    const auto more = pairs_to_tell(some, 1.02);
    if (!more || *more == 0) continue;
    size_t n = 10;
    while (n < all.size() && pairs_to_tell(std::span(all.data(), n), 1.02) != 0) ++n;
    quotients.push_back(static_cast<double>(*more) / static_cast<double>(n - 10));
  }
  ASSERT_GT(quotients.size(), 20U);
  EXPECT_GT(median_of(quotients), 0.25);
  EXPECT_LT(median_of(quotients), 4);
}

}  // namespace
}  // namespace nety::results
