#include "bench/rows.h"

#include <gtest/gtest.h>

#include <cmath>

namespace nety::bench {
namespace {

std::vector<double> one_to(int n) {
  std::vector<double> values;
  for (int i = n; i >= 1; --i) values.push_back(i);
  return values;
}

TEST(Percentile, InterpolatesBetweenSamples) {
  EXPECT_DOUBLE_EQ(percentile("s", one_to(101), 90).median.value_or(0), 91);
  EXPECT_DOUBLE_EQ(percentile("s", one_to(100), 90).median.value_or(0), 90.1);
  EXPECT_DOUBLE_EQ(percentile("s", one_to(1000), 99).median.value_or(0), 990.01);
  EXPECT_DOUBLE_EQ(percentile("s", one_to(20), 50).median.value_or(0), 10.5);
}

TEST(Percentile, IsOnlyThereWhereTheSampleAllowsIt) {
  EXPECT_FALSE(percentile("s", one_to(99), 90).median);
  EXPECT_EQ(percentile("s", one_to(999), 99).reason, "p99 needs 1000 samples, there are 999");
  EXPECT_FALSE(percentile("s", {}, 50).median);
  std::vector<double> bad = one_to(200);
  bad[3] = NAN;
  EXPECT_FALSE(percentile("s", bad, 50).median);
}

TEST(Row, KeepsItsSamples) {
  Row row{results::Result{}};
  row.add("x", 2, "s");
  row.add("x", 3, "s");
  EXPECT_EQ(row.samples("x"), (std::vector<double>{2, 3}));
  EXPECT_TRUE(row.samples("y").empty());
  EXPECT_EQ(row.result().metrics.at("x").n, 2);
}

}  // namespace
}  // namespace nety::bench
