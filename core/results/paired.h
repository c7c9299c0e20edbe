// Two rates whose samples were taken in the same turns: their ratio, with an interval that stays
// valid whenever one looks. The schedule of a report and its claims both judge by this.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/results/results.h"

namespace nety::results {

/// A rate must differ by more than this to count: smaller differences have no consequence.
inline constexpr double kSpeedMargin = 0.02;
/// The error of a ratio's interval, over all looks.
inline constexpr double kPairedError = 0.05;
/// The fewest pairs that have an interval: anytime_rank(6, 0.05) is 1.
inline constexpr int64_t kFewestPairs = 6;
/// More than that are not worth waiting for.
inline constexpr int64_t kMostPairs = 1000;

/// ln(metric / to) of the samples of the same turn, in the order of turns. Values that are not
/// positive have none.
std::vector<double> paired_logs(const Metric& metric, const Metric& to);

/// A ratio by its pairs.
struct PairedRatio {
  int64_t n = 0;
  double value = 1;
  std::optional<std::pair<double, double>> ci;  ///< None: fewer than kFewestPairs.
};
PairedRatio ratio_of_logs(std::span<const double> logs);

/// About how many more pairs of that spread put their interval on one side of `threshold`, a ratio;
/// at least as many as there must be, none if kMostPairs would not. 0: it is on one side.
std::optional<int64_t> pairs_to_tell(std::span<const double> logs, double threshold);

}  // namespace nety::results
