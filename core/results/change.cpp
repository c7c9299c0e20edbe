// Verdicts, the smallest change a run could have detected, and how many more pairs would decide.
#include "core/results/change.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "core/results/robust.h"

namespace nety::results {
namespace {

constexpr double kPower = 0.9;        // at which a change counts as detectable
constexpr int64_t kMostPairs = 1000;  // more than that is no advice
constexpr int kBisections = 40;

constexpr ComparedMetric kMetrics[] = {
#define NETY_COMPARED(name, higher_is_better, margin) {#name, higher_is_better, margin},
#include "core/results/compared_metrics.def"
#undef NETY_COMPARED
};

/// The share of the distribution that lies below x(rank) of n at most, with probability kPower:
/// the 1 - kPower quantile of Beta(rank, n + 1 - rank).
double share_below(int64_t n, int64_t rank) {
  double low = 0, high = 1;
  for (int i = 0; i < kBisections; ++i) {
    const double middle = (low + high) / 2;
    const double reached = 1 - binomial_at_most(n, rank - 1, middle);
    (reached < 1 - kPower ? low : high) = middle;
  }
  return (low + high) / 2;
}

/// A regression needs x(rank) above 0 and the median above the margin; both with probability
/// kPower, for normal noise of that spread.
double detectable_change(double sd, int64_t n, int64_t rank, double margin) {
  const double by_interval = -sd * normal_quantile(share_below(n, rank));
  const double median_sd = sd * std::sqrt(std::numbers::pi / (2 * static_cast<double>(n)));
  return std::max(by_interval, margin + median_sd * normal_quantile(kPower));
}

/// Half the width that the interval must shrink to; none where the median sits on the margin.
double width_that_decides(double median, double margin) {
  const double size = std::fabs(median);
  return size > margin ? size : margin - size;
}

/// Half the width that the interval of n pairs of that spread will have, about.
double expected_width(double sd, int64_t n, double alpha) {
  const int64_t rank = median_rank(n, alpha);
  if (rank == 0) return std::numeric_limits<double>::infinity();
  return -sd * normal_quantile((static_cast<double>(rank) - 0.5) / static_cast<double>(n));
}

std::optional<int64_t> pairs_to_decide(const Judgement& now, double sd, double margin,
                                       double alpha) {
  const double goal = width_that_decides(now.median, margin);
  if (expected_width(sd, kMostPairs, alpha) >= goal) return std::nullopt;
  int64_t too_few = now.n, enough = kMostPairs;
  while (enough - too_few > 1) {
    const int64_t middle = (too_few + enough) / 2;
    (expected_width(sd, middle, alpha) < goal ? enough : too_few) = middle;
  }
  return std::max<int64_t>(enough - now.n, 2);
}

Change change_of(const Judgement& judgement, double margin) {
  if (!judgement.interval) return Change::kInconclusive;
  const auto [low, high] = *judgement.interval;
  if (low > 0 && judgement.median > margin) return Change::kRegression;
  if (high < 0 && judgement.median < -margin) return Change::kImprovement;
  if (low >= -margin && high <= margin) return Change::kSame;
  return Change::kInconclusive;
}

bool differs(const Judgement& judgement) {
  return judgement.interval && (judgement.interval->first > 0 || judgement.interval->second < 0);
}

}  // namespace

std::string_view name_of(Change change) {
  switch (change) {
    case Change::kSame:
      return "same";
    case Change::kImprovement:
      return "improvement";
    case Change::kInconclusive:
      return "inconclusive";
    case Change::kRegression:
      return "regression";
    case Change::kIncomparable:
      return "incomparable";
  }
  return "";
}

std::span<const ComparedMetric> compared_metrics() { return kMetrics; }

const ComparedMetric* find_compared(std::string_view name) {
  for (const ComparedMetric& metric : kMetrics)
    if (metric.name == name) return &metric;
  return nullptr;
}

std::vector<double> log_ratios(std::span<const double> baseline, std::span<const double> candidate,
                               bool higher_is_better) {
  std::vector<double> ratios;
  for (size_t i = 0; i < std::min(baseline.size(), candidate.size()); ++i) {
    const double ratio = baseline[i] == candidate[i] ? 0 : std::log(candidate[i] / baseline[i]);
    ratios.push_back(higher_is_better ? -ratio : ratio);
  }
  return ratios;
}

std::vector<double> log_ratios(std::span<const double> ratios, bool higher_is_better) {
  std::vector<double> logarithms;
  for (const double ratio : ratios)
    logarithms.push_back(higher_is_better ? -std::log(ratio) : std::log(ratio));
  return logarithms;
}

Judgement judge(std::span<const double> worse, double margin, const Looks& looks, double alpha) {
  const double limit = std::log1p(margin);
  Judgement judgement;
  judgement.level = 1 - alpha;
  judgement.n = static_cast<int64_t>(worse.size());
  if (worse.empty() ||
      !std::all_of(worse.begin(), worse.end(), [](double value) { return std::isfinite(value); })) {
    judgement.change = Change::kIncomparable;
    return judgement;
  }
  std::vector<double> sorted(worse.begin(), worse.end());
  std::sort(sorted.begin(), sorted.end());
  judgement.median = median_of(sorted);
  const double sd = robust_sd(sorted, judgement.median);
  if (const int64_t rank = looks.rank(judgement.n, alpha); rank > 0) {
    judgement.interval = {sorted[static_cast<size_t>(rank - 1)],
                          sorted[static_cast<size_t>(judgement.n - rank)]};
    judgement.detectable = detectable_change(sd, judgement.n, rank, limit);
  }
  judgement.change = change_of(judgement, limit);
  if (judgement.change == Change::kInconclusive)
    judgement.more_pairs = pairs_to_decide(judgement, sd, limit, alpha);
  return judgement;
}

Change judge_exactly(std::span<const double> baseline, std::span<const double> candidate,
                     bool higher_is_better) {
  const auto steady = [](std::span<const double> values) {
    return !values.empty() && std::all_of(values.begin(), values.end(), [&](double value) {
      return std::isfinite(value) && value == values.front();
    });
  };
  if (!steady(baseline) || !steady(candidate)) return Change::kIncomparable;
  if (baseline.front() == candidate.front()) return Change::kSame;
  return (candidate.front() > baseline.front()) == higher_is_better ? Change::kImprovement
                                                                    : Change::kRegression;
}

int64_t fewest_samples(size_t gates, double alpha) {
  const double share = alpha / static_cast<double>(std::max<size_t>(gates, 1));
  int64_t n = 1;
  while (median_rank(n, share) == 0) ++n;
  return n;
}

std::vector<Judgement> judge_together(const std::vector<Gated>& gate, const Looks& looks,
                                      double alpha) {
  std::vector<Judgement> judgements(gate.size());
  std::vector<bool> found(gate.size(), false);
  for (auto left = static_cast<double>(gate.size());;) {
    double newly_found = 0;
    for (size_t i = 0; i < gate.size(); ++i) {
      if (found[i]) continue;
      judgements[i] =
          judge(gate[i].worse, gate[i].margin, gate[i].looks.value_or(looks), alpha / left);
      found[i] = differs(judgements[i]);
      newly_found += found[i] ? 1 : 0;
    }
    left -= newly_found;
    if (newly_found == 0 || left <= 0) return judgements;
  }
}

}  // namespace nety::results
