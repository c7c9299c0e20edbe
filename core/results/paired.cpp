#include "core/results/paired.h"

#include <algorithm>
#include <cmath>

#include "core/results/robust.h"
#include "core/results/sign_test.h"

namespace nety::results {
namespace {

/// Half the width of the interval that n pairs of that spread will have, about.
double expected_width(double sd, int64_t n) {
  const int64_t rank = anytime_rank(n, kPairedError);
  if (rank == 0) return HUGE_VAL;
  return -sd * normal_quantile((static_cast<double>(rank) - 0.5) / static_cast<double>(n));
}

}  // namespace

std::vector<double> paired_logs(const Metric& metric, const Metric& to) {
  std::vector<double> logs;
  const size_t n = std::min(metric.samples.size(), metric.turns.size());
  const size_t m = std::min(to.samples.size(), to.turns.size());
  for (size_t i = 0, j = 0; i < n && j < m;) {
    if (metric.turns[i] < to.turns[j]) {
      ++i;
    } else if (metric.turns[i] > to.turns[j]) {
      ++j;
    } else {
      const double log = std::log(metric.samples[i++] / to.samples[j++]);
      if (std::isfinite(log)) logs.push_back(log);
    }
  }
  return logs;
}

PairedRatio ratio_of_logs(std::span<const double> logs) {
  PairedRatio ratio;
  ratio.n = static_cast<int64_t>(logs.size());
  if (logs.empty()) return ratio;
  std::vector<double> sorted(logs.begin(), logs.end());
  std::sort(sorted.begin(), sorted.end());
  ratio.value = std::exp(median_of(sorted));
  if (const int64_t rank = anytime_rank(ratio.n, kPairedError); rank > 0)
    ratio.ci = {std::exp(sorted[static_cast<size_t>(rank - 1)]),
                std::exp(sorted[static_cast<size_t>(ratio.n - rank)])};
  return ratio;
}

std::optional<int64_t> pairs_to_tell(std::span<const double> logs, double threshold) {
  const PairedRatio now = ratio_of_logs(logs);
  if (now.ci && (now.ci->first > threshold || now.ci->second < threshold)) return 0;
  if (now.n < kFewestPairs) return kFewestPairs - now.n;  // too few to tell a spread
  const double median = std::log(now.value);
  const double goal = std::fabs(median - std::log(threshold));
  const double sd = robust_sd(logs, median);
  if (expected_width(sd, kMostPairs) >= goal) return std::nullopt;
  int64_t too_few = std::max<int64_t>(now.n, kFewestPairs - 1), enough = kMostPairs;
  while (enough - too_few > 1) {
    const int64_t middle = (too_few + enough) / 2;
    (expected_width(sd, middle) < goal ? enough : too_few) = middle;
  }
  return std::max<int64_t>(enough - now.n, 1);
}

}  // namespace nety::results
