// Against SciPy and against counted paths: tests/data/results/make_sign_test.py.
#include "core/results/sign_test.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/results/change.h"
#include "tests/paths.h"

namespace nety::results {
namespace {

using Json = nlohmann::json;

Json golden() {
  std::ifstream file(test_data() + "/results/sign_test.json");
  return Json::parse(file);
}

TEST(SignTest, SumsBinomialsAsSciPyDoes) {
  const Json all = golden();
  ASSERT_GT(all["binomial"].size(), 0U);
  for (const Json& row : all["binomial"])
    EXPECT_NEAR(binomial_at_most(row["n"], row["k"], row["p"]), row["at_most"].get<double>(), 1e-12)
        << row;
}

TEST(SignTest, FindsRanksAndTheirCoverageAsSciPyDoes) {
  const Json all = golden();
  ASSERT_GT(all["intervals"].size(), 0U);
  for (const Json& row : all["intervals"]) {
    EXPECT_EQ(median_rank(row["n"], row["alpha"]), row["rank"]) << row;
    EXPECT_NEAR(median_coverage(row["n"], row["rank"]), row["coverage"].get<double>(), 1e-12)
        << row;
  }
}

TEST(SignTest, SpendsTheErrorOverTheLooksAsCountedPathsDo) {
  const Json all = golden();
  ASSERT_GT(all["looks"].size(), 0U);
  for (const Json& row : all["looks"]) {
    const Looks looks(row["least"], row["most"]);
    EXPECT_EQ(looks.counts(), row["counts"].get<std::vector<int64_t>>());
    for (size_t i = 0; i < looks.counts().size(); ++i)
      EXPECT_EQ(looks.rank(looks.counts()[i], row["alpha"]), row["ranks"][i])
          << row["alpha"] << " at " << looks.counts()[i];
  }
}

TEST(SignTest, UsesTheLookBeforeBetweenTwoLooks) {
  const Looks looks(10, 40);
  EXPECT_EQ(looks.rank(9, 0.05), 0);
  EXPECT_EQ(looks.rank(15, 0.05), looks.rank(14, 0.05));
  EXPECT_TRUE(looks.is_look(14));
  EXPECT_FALSE(looks.is_look(15));
}

TEST(Change, IsDetectableWhereSciPySaysSo) {
  const std::pair<Looks, double> cases[] = {
      {Looks(10, 40), 0.05}, {Looks(20, 20), 0.05}, {Looks(10, 40), 0.025}, {Looks(10, 10), 0.05}};
  const Json golden_rows = golden()["detectable"];
  ASSERT_EQ(golden_rows.size(), std::size(cases));
  for (size_t i = 0; i < golden_rows.size(); ++i) {
    const auto values = golden_rows[i]["values"].get<std::vector<double>>();
    const auto& [looks, alpha] = cases[i];
    ASSERT_EQ(looks.rank(static_cast<int64_t>(values.size()), alpha), golden_rows[i]["rank"]);
    const Judgement judgement = judge(values, golden_rows[i]["margin"], looks, alpha);
    ASSERT_TRUE(judgement.detectable);
    EXPECT_NEAR(*judgement.detectable, golden_rows[i]["detectable"].get<double>(), 1e-9);
  }
}

}  // namespace
}  // namespace nety::results
