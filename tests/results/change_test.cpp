// The verdict's rules on hand-made pairs, and its error rates on noise like that of shared
// machines.
#include "core/results/change.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>

namespace nety::results {
namespace {

/// n pairs around `centre`, evenly spread over +-`spread`.
std::vector<double> pairs(size_t n, double centre, double spread) {
  std::vector<double> out;
  for (size_t i = 0; i < n; ++i)
    out.push_back(centre +
                  spread * (2.0 * static_cast<double>(i) / static_cast<double>(n - 1) - 1));
  return out;
}

Judgement judge_ten(double centre, double spread, double margin = 0.02) {
  return judge(pairs(10, centre, spread), margin, Looks(10, 40), 0.05);
}

TEST(Change, IsARegressionOnlyWhereIntervalAndMedianSaySo) {
  EXPECT_EQ(judge_ten(0.05, 0.01).change, Change::kRegression);
  EXPECT_EQ(judge_ten(-0.05, 0.01).change, Change::kImprovement);
  EXPECT_EQ(judge_ten(0.001, 0.01).change, Change::kSame);
  EXPECT_EQ(judge_ten(0.015, 0.002).change, Change::kSame);  // real, and too small to matter
  EXPECT_EQ(judge_ten(0.015, 0.010).change, Change::kInconclusive);  // real; may matter
  EXPECT_EQ(judge_ten(0.03, 0.04).change, Change::kInconclusive);    // may be nothing
}

TEST(Change, NeedsEnoughPairs) {
  const Judgement judgement = judge(pairs(5, 0.5, 0.01), 0.02, Looks(5, 5), 0.05);
  EXPECT_EQ(judgement.change, Change::kInconclusive);
  EXPECT_FALSE(judgement.interval);
  EXPECT_EQ(judgement.more_pairs, 2);
  EXPECT_EQ(judge({}, 0.02, Looks(10, 40), 0.05).change, Change::kIncomparable);
}

TEST(Change, OfAFigureThatIsNotANumberIsIncomparable) {
  const std::vector<double> zero = {0, 0, 0}, some = {1, 2, 3};
  EXPECT_EQ(judge(log_ratios(zero, some, false), 0.02, Looks(3, 3), 0.05).change,
            Change::kIncomparable);
  EXPECT_EQ(judge(log_ratios(zero, zero, false), 0.02, Looks(3, 3), 0.4).change, Change::kSame);
}

TEST(Change, HasTheSignOfWorse) {
  const std::vector<double> slow = {100}, fast = {200};
  EXPECT_NEAR(log_ratios(slow, fast, true).at(0), -std::log(2), 1e-12);
  EXPECT_NEAR(log_ratios(slow, fast, false).at(0), std::log(2), 1e-12);
}

TEST(Change, SaysHowManyMorePairsWouldDecide) {
  const Judgement near = judge_ten(0.03, 0.04), far = judge_ten(0.0205, 0.04);
  ASSERT_TRUE(near.more_pairs);
  EXPECT_GT(*near.more_pairs, 0);
  // With that many pairs of the same kind it does decide.
  const auto n = static_cast<size_t>(near.n + *near.more_pairs + 10);
  EXPECT_EQ(judge(pairs(n, 0.03, 0.04), 0.02, Looks(20, static_cast<int64_t>(n)), 0.05).change,
            Change::kRegression);
  ASSERT_TRUE(far.more_pairs);
  EXPECT_GE(*far.more_pairs, *near.more_pairs);
  EXPECT_FALSE(judge_ten(std::log1p(0.02), 0.04).more_pairs.value_or(0) > 1000);
}

TEST(Change, OfAnExactFigureIsAnyChange) {
  const std::vector<double> a = {7, 7, 7}, b = {8, 8, 8}, mixed = {7, 8, 7};
  EXPECT_EQ(judge_exactly(a, a, false), Change::kSame);
  EXPECT_EQ(judge_exactly(a, b, false), Change::kRegression);
  EXPECT_EQ(judge_exactly(b, a, false), Change::kImprovement);
  EXPECT_EQ(judge_exactly(a, b, true), Change::kImprovement);
  EXPECT_EQ(judge_exactly(a, mixed, false), Change::kIncomparable);
}

TEST(Change, OfOneMetricLeavesItsShareOfTheErrorToTheOthers) {
  // Rank 2 at 10 pairs needs an alpha of 0.0215 at least: half of 0.05 allows it, so does all of
  // it.
  const Looks once(10, 10);
  std::vector<double> doubtful = pairs(10, 0.05, 0.04);
  doubtful[0] = -0.01;
  const std::vector<double> nothing = pairs(10, 0, 0.04), clear = pairs(10, 0.5, 0.01);
  const auto with = [&](const std::vector<double>& other) {
    return judge_together({{doubtful, 0.02}, {other, 0.02}, {clear, 0.02}}, once, 0.05)[0];
  };
  EXPECT_NEAR(with(nothing).level, 1 - 0.05 / 2, 1e-12);  // one of three was found and left
  EXPECT_EQ(with(nothing).change, Change::kRegression);
  EXPECT_NEAR(judge_together({{nothing, 0.02}, {nothing, 0.02}}, once, 0.05)[1].level, 0.975,
              1e-12);
}

TEST(Change, HasATableOfMetricsWithKnownWords) {
  EXPECT_TRUE(find_compared("tg_tps")->higher_is_better);
  EXPECT_FALSE(find_compared("load_s")->higher_is_better);
  EXPECT_EQ(find_compared("mbu"), nullptr);
  for (const ComparedMetric& metric : compared_metrics()) EXPECT_GE(metric.margin, 0);
  EXPECT_EQ(name_of(Change::kIncomparable), "incomparable");
}

// ---- error rates -------------------------------------------------------------------------------

/// Noise on the log of a time: a slow drift (AR(1)), white noise, and the share of runs that
/// something else slowed down. Shared machines have 1 %, 1 % and 2 % when calm; 4 %, 2 % and 10 %
/// when noisy.
struct Noise {
  double drift, white, spikes;
};
constexpr Noise kCalm{0.01, 0.01, 0.02}, kNoisy{0.04, 0.02, 0.10};

class SharedMachine {
 public:
  SharedMachine(Noise noise, uint64_t seed) : noise_(noise), random_(seed) {}
  /// The log of one run's time.
  double run() {
    constexpr double kMemory = 0.95;
    state_ = kMemory * state_ + std::sqrt(1 - kMemory * kMemory) * noise_.drift * normal_(random_);
    const double spike = uniform_(random_) < noise_.spikes ? spike_(random_) : 0;
    return state_ + noise_.white * normal_(random_) + spike;
  }
  /// An observation: the better of two.
  double observe() { return std::min(run(), run()); }

 private:
  Noise noise_;
  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
  std::uniform_real_distribution<double> uniform_;
  std::exponential_distribution<double> spike_{1 / 0.1};
  double state_ = 0;
};

struct Campaign {
  int regressions = 0, improvements = 0, same = 0, undecided = 0, unfit = 0;
  double pairs = 0, detectable = 0;
};

/// Comparisons of two metrics, the first of which is slower by ln `change`, by the protocol of
/// bench/compare.cpp: A B A' and A' B A in turn, looked at until decided.
Campaign campaign(Noise noise, double change, int count) {
  Campaign out;
  for (int seed = 0; seed < count; ++seed) {
    SharedMachine machine(noise, static_cast<uint64_t>(seed) * 7919 + 1);
    const Looks looks(10, 40);
    std::vector<Gated> gate = {{{}, 0.02}, {{}, 0.02}}, self = gate;
    std::vector<Judgement> verdicts, self_verdicts;
    for (int64_t n = 1; n <= looks.counts().back(); ++n) {
      double first[2], middle[2], last[2];
      for (double* slot : {first, middle, last})
        for (int metric = 0; metric < 2; ++metric) slot[metric] = machine.observe();
      for (size_t metric = 0; metric < 2; ++metric) {
        const double a = n % 2 == 1 ? first[metric] : last[metric];
        const double again = n % 2 == 1 ? last[metric] : first[metric];
        gate[metric].worse.push_back(middle[metric] + (metric == 0 ? change : 0) - a);
        self[metric].worse.push_back(again - a);
      }
      if (!looks.is_look(n)) continue;
      verdicts = judge_together(gate, looks, 0.05);
      self_verdicts = judge_together(self, looks, 0.05);
      if (std::none_of(verdicts.begin(), verdicts.end(), [](const Judgement& verdict) {
            return verdict.change == Change::kInconclusive;
          }))
        break;
    }
    const Judgement& verdict = verdicts[0];
    out.regressions += verdict.change == Change::kRegression ? 1 : 0;
    out.improvements += verdict.change == Change::kImprovement ? 1 : 0;
    out.same += verdict.change == Change::kSame ? 1 : 0;
    out.undecided += verdict.change == Change::kInconclusive ? 1 : 0;
    out.unfit += std::any_of(self_verdicts.begin(), self_verdicts.end(), [](const Judgement& one) {
      return one.change == Change::kRegression || one.change == Change::kImprovement;
    });
    out.pairs += static_cast<double>(verdict.n) / count;
    out.detectable += *verdict.detectable / count;
  }
  return out;
}

/// Comparisons of each kind. NETY_NOISE_COMPARISONS=2000 makes the table of docs/reliability.md,
/// which is printed.
int comparisons() {
  const char* const asked = std::getenv("NETY_NOISE_COMPARISONS");
  return asked == nullptr ? 100 : std::atoi(asked);
}

/// The most that a rate of `rate` gives with a chance of one in a thousand.
int bound(double rate) {
  int count = 0;
  while (1 - binomial_at_most(comparisons(), count, rate) > 0.001) ++count;
  return count;
}

/// The campaign, as a row of the table where it was asked for.
Campaign run(const char* name, Noise noise, double change) {
  const Campaign it = campaign(noise, change, comparisons());
  if (std::getenv("NETY_NOISE_COMPARISONS") != nullptr)
    std::printf("| %s | %+.1f %% | %d | %d | %d | %d | %d | %.1f | %.1f %% |\n", name,
                100 * std::expm1(change), it.regressions, it.improvements, it.same, it.undecided,
                it.unfit, it.pairs, 100 * std::expm1(it.detectable));
  return it;
}

TEST(ChangeOnNoise, FalselyAlarmsAtMostAsOftenAsPromised) {
  for (const auto& [name, noise] : {std::pair{"calm", kCalm}, {"noisy", kNoisy}}) {
    const Campaign same = run(name, noise, 0);
    // One side of the 5 % for the two metrics together, half of it for the first.
    EXPECT_LE(same.regressions, bound(0.0125)) << name;
    EXPECT_LE(same.improvements, bound(0.0125)) << name;
    EXPECT_LE(same.unfit, bound(0.05)) << name;
  }
}

TEST(ChangeOnNoise, FindsASlowdownOfFivePercentOrMoreThanItCouldSee) {
  EXPECT_GE(run("calm", kCalm, std::log1p(0.05)).regressions, comparisons() * 95 / 100);
  run("noisy", kNoisy, std::log1p(0.05));
  const Campaign idle = campaign(kNoisy, 0, comparisons());
  const double larger = std::max(std::log1p(0.05), 1.5 * idle.detectable);
  EXPECT_GE(run("noisy", kNoisy, larger).regressions, comparisons() * 85 / 100);
}

TEST(ChangeOnNoise, NeverCallsASpeedUpARegression) {
  for (const auto& [name, noise] : {std::pair{"calm", kCalm}, {"noisy", kNoisy}})
    EXPECT_EQ(run(name, noise, -std::log1p(0.03)).regressions, 0) << name;
}

}  // namespace
}  // namespace nety::results
