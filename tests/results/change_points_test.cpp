// Change points: planted ones are found where they are, histories without any stay without.
#include "core/results/change_points.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "core/base/files.h"
#include "tests/paths.h"

namespace nety::results {
namespace {

/// Reproducible normal noise: the library's distribution may differ from one to the next.
class Noise {
 public:
  explicit Noise(uint64_t seed) : random_(seed) {}
  double uniform() { return (static_cast<double>(random_() >> 11) + 0.5) / 9007199254740992.0; }
  double normal() {
    return std::sqrt(-2 * std::log(uniform())) * std::cos(6.283185307179586 * uniform());
  }

 private:
  std::mt19937_64 random_;
};

/// `length` values about 100 with that noise; `shift` from `at` on, `drift` over the whole.
std::vector<double> history(uint64_t seed, size_t length, double noise, double shift = 0,
                            size_t at = 0, double drift = 0) {
  Noise random(seed);
  std::vector<double> values;
  for (size_t i = 0; i < length; ++i)
    values.push_back(100 * (i >= at ? 1 + shift : 1) *
                     std::exp(noise * random.normal() +
                              drift * static_cast<double>(i) / static_cast<double>(length)));
  return values;
}

std::vector<size_t> places(const Segmentation& found) {
  std::vector<size_t> places;
  for (const ChangePoint& change : found.changes) places.push_back(change.index);
  return places;
}

TEST(ChangePoints, AreWhereTheyWerePlanted) {
  const Segmentation found = find_change_points(history(1, 60, 0.01, -0.05, 40));
  ASSERT_EQ(places(found), std::vector<size_t>{40});
  const ChangePoint& change = found.changes[0];
  EXPECT_NEAR(change.size, -0.05, 0.01);
  EXPECT_LT(change.interval.first, -0.05);
  EXPECT_GT(change.interval.second, -0.05);
  EXPECT_LE(change.p, 0.01);
  EXPECT_LE(change.earliest, 40U);
  EXPECT_GE(change.latest, 40U);
  EXPECT_NEAR(change.before, 100, 1);
  EXPECT_NEAR(change.after, 95, 1);
  EXPECT_NEAR(found.noise, 0.01, 0.003);
  ASSERT_EQ(found.pieces.size(), 2U);
  EXPECT_EQ(found.pieces[1].begin, 40U);
  EXPECT_EQ(found.pieces[1].end, 60U);
}

TEST(ChangePoints, DoNotDependOnTheUnit) {
  std::vector<double> values = history(2, 80, 0.01, 0.04, 30);
  const Segmentation one = find_change_points(values);
  for (double& value : values) value *= 1e-6;
  const Segmentation other = find_change_points(values);
  EXPECT_EQ(places(one), places(other));
  EXPECT_NEAR(one.changes[0].size, other.changes[0].size, 1e-12);
}

TEST(ChangePoints, AreTheSameEveryTime) {
  const std::vector<double> values = history(3, 90, 0.01, -0.03, 50);
  const Segmentation one = find_change_points(values), again = find_change_points(values);
  EXPECT_EQ(places(one), places(again));
  EXPECT_EQ(one.changes[0].p, again.changes[0].p);
}

TEST(ChangePoints, AreFoundAtTheEndFromThreeValuesOn) {
  std::vector<double> values = history(4, 40, 0.005);
  for (size_t i = 37; i < 40; ++i) values[i] *= 0.9;
  EXPECT_EQ(places(find_change_points(values)), std::vector<size_t>{37});
  values.pop_back();
  EXPECT_THAT(places(find_change_points(values)), testing::IsEmpty()) << "two may be outliers";
}

TEST(ChangePoints, NeedAFewValues) {
  for (size_t length = 0; length < 2 * kLeastPiece; ++length) {
    const Segmentation found = find_change_points(history(5, length, 0.01));
    EXPECT_THAT(found.changes, testing::IsEmpty());
    EXPECT_EQ(found.pieces.size(), length == 0 ? 0U : 1U);
  }
}

TEST(ChangePoints, AreNotMadeByOutliers) {
  std::vector<double> values = history(6, 60, 0.01);
  values[10] *= 0.7;
  values[11] *= 0.75;
  values[35] *= 1.3;
  values[59] *= 0.8;  // the newest: nobody knows yet
  const Segmentation found = find_change_points(values);
  EXPECT_THAT(found.changes, testing::IsEmpty());
  EXPECT_THAT(found.outliers, testing::Contains(35U));
}

TEST(ChangePoints, AreNotMadeByADrift) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const Segmentation found = find_change_points(history(seed, 100, 0.01, 0, 0, -0.08));
    EXPECT_THAT(found.changes, testing::IsEmpty()) << seed;
    ASSERT_EQ(found.pieces.size(), 1U);
    EXPECT_TRUE(found.pieces[0].drifts);
    EXPECT_NEAR(found.pieces[0].last / found.pieces[0].first - 1, -0.077, 0.015);
  }
}

TEST(ChangePoints, OfExactFiguresAreThoseAboveTheMargin) {
  std::vector<double> values(40, 1e9);
  EXPECT_THAT(places(find_change_points(values)), testing::IsEmpty());
  for (size_t i = 20; i < 40; ++i) values[i] = 1.01e9;
  EXPECT_EQ(places(find_change_points(values)), std::vector<size_t>{20});
  EXPECT_EQ(places(find_change_points(values, {.margin = 0.02})), std::vector<size_t>{});
  for (size_t i = 20; i < 40; ++i) values[i] = 1.001e9;
  EXPECT_THAT(places(find_change_points(values)), testing::IsEmpty());
}

TEST(ChangePoints, AreSeldomFoundInFlatHistories) {
  int with_changes = 0;
  constexpr int kHistories = 300;
  for (uint64_t seed = 0; seed < kHistories; ++seed)
    if (!find_change_points(history(1000 + seed, 20 + seed % 100, 0.01)).changes.empty())
      ++with_changes;
  EXPECT_LE(with_changes, 6) << "2 % of histories, whatever their number of values";
}

TEST(ChangePoints, HaveIntervalsThatHoldTheTruth) {
  int found = 0, sizes = 0, at = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const double shift = (seed % 2 == 0 ? 1 : -1) * (0.03 + 0.0002 * static_cast<double>(seed));
    const size_t place = 15 + seed % 40;
    const Segmentation each = find_change_points(history(5000 + seed, 80, 0.012, shift, place));
    if (each.changes.size() != 1) continue;
    const ChangePoint& change = each.changes[0];
    ++found;
    sizes += change.interval.first <= shift && shift <= change.interval.second;
    at += change.earliest <= place && place <= change.latest;
  }
  EXPECT_GE(found, 285);
  EXPECT_GE(sizes, found * 92 / 100);
  EXPECT_GE(at, found * 92 / 100);
}

// ---- measured: ratios of kernels' times, pair by pair, of docs/sample-report
// ----------------------

struct Measured {
  int flat = 0, found = 0;
};

/// How many measured series have no change, and in how many of those a planted one is found.
Measured plant(double size) {
  Measured result;
  for (const auto& each : nlohmann::json::parse(read_file(test_data() + "/trend/measured.json"))) {
    auto values = each["values"].get<std::vector<double>>();
    if (!find_change_points(values).changes.empty()) continue;
    ++result.flat;
    const size_t at = values.size() * 2 / 3;
    for (size_t i = at; i < values.size(); ++i) values[i] *= 1 + size;
    const Segmentation found = find_change_points(values);
    result.found += found.changes.size() == 1 && found.changes[0].index + 2 >= at &&
                    found.changes[0].index <= at + 2;
  }
  return result;
}

TEST(ChangePoints, PlantedInMeasuredSeriesAreFound) {
  const Measured large = plant(-0.2), small = plant(-0.1), none = plant(0);
  EXPECT_GE(large.flat, 20) << "of 31; others were disturbed for a while, by up to 44 %";
  EXPECT_GE(large.found, large.flat - 1);
  EXPECT_GE(small.found, small.flat * 3 / 4);
  EXPECT_EQ(none.found, 0);
}

// ---- the peers' histories: made and asked by tests/trend/peers.py
// ---------------------------------

struct Score {
  size_t found = 0, hits = 0, planted = 0;
  void add(std::vector<size_t> points, const std::vector<size_t>& truth, size_t within) {
    found += points.size();
    planted += truth.size();
    for (const size_t place : truth) {
      const auto near = std::min_element(points.begin(), points.end(), [&](size_t a, size_t b) {
        return distance(a, place) < distance(b, place);
      });
      if (near == points.end() || distance(*near, place) > within) continue;
      points.erase(near);
      ++hits;
    }
  }
  double precision() const { return static_cast<double>(hits) / static_cast<double>(found); }
  double recall() const { return static_cast<double>(hits) / static_cast<double>(planted); }

 private:
  static size_t distance(size_t a, size_t b) { return a > b ? a - b : b - a; }
};

class PeersHistories : public testing::TestWithParam<size_t> {
 protected:
  const nlohmann::json file_ =
      nlohmann::json::parse(read_file(test_data() + "/trend/histories.json"));
};

TEST_P(PeersHistories, AreReadAtLeastAsWellAsByThem) {
  Score ours;
  std::map<std::string, Score> theirs;
  for (const auto& each : file_["histories"]) {
    std::vector<size_t> truth;
    for (const auto& change : each["changes"]) truth.push_back(change["index"]);
    const auto values = each["values"].get<std::vector<double>>();
    ours.add(places(find_change_points(values)), truth, GetParam());
    for (const auto& [peer, version] : file_["peers"].items())
      theirs[peer].add(each[peer].get<std::vector<size_t>>(), truth, GetParam());
  }
  ASSERT_EQ(file_["histories"].size(), 40U);
  ASSERT_FALSE(theirs.empty());
  for (const auto& [peer, score] : theirs) {
    EXPECT_GE(ours.precision(), score.precision()) << peer;
    EXPECT_GE(ours.recall(), score.recall()) << peer;
  }
  EXPECT_GE(ours.precision(), 0.9);
  RecordProperty("precision", std::to_string(ours.precision()));
  RecordProperty("recall", std::to_string(ours.recall()));
}

INSTANTIATE_TEST_SUITE_P(Within, PeersHistories, testing::Values(0, 2, 5),
                         testing::PrintToStringParamName());

TEST_F(PeersHistories, StayFlatWhereTheyAre) {
  for (const auto& each : file_["histories"])
    if (each["changes"].empty()) {
      EXPECT_THAT(places(find_change_points(each["values"].get<std::vector<double>>())),
                  testing::IsEmpty())
          << each["kind"];
    }
}

}  // namespace
}  // namespace nety::results
