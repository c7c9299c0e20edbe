// Has a figure changed? The verdict on paired measurements of two programs: pure arithmetic.
// docs/compare.md says the same in words, with the evidence for the method.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/results/results.h"
#include "core/results/sign_test.h"

namespace nety::results {

enum class Change : uint8_t { kSame, kImprovement, kInconclusive, kRegression, kIncomparable };
/// "same", "regression" ... as result files have it.
std::string_view name_of(Change change);

/// A metric that can be compared: one row of compared_metrics.def.
struct ComparedMetric {
  std::string_view name;
  bool higher_is_better;
  double margin;  ///< Smaller changes do not matter. 0: a figure that noise does not touch.
};
std::span<const ComparedMetric> compared_metrics();
/// Null for a metric that has no better and worse.
const ComparedMetric* find_compared(std::string_view name);

/// ln(candidate / baseline) of every pair, the sign such that positive is worse.
std::vector<double> log_ratios(std::span<const double> baseline, std::span<const double> candidate,
                               bool higher_is_better);

/// The same of ratios that are known.
std::vector<double> log_ratios(std::span<const double> ratios, bool higher_is_better);

/// What pairs say about one metric. Numbers are log ratios, positive is worse.
struct Judgement {
  Change change = Change::kInconclusive;
  int64_t n = 0;
  double median = 0;
  std::optional<std::pair<double, double>> interval;  ///< None: too few pairs.
  double level = 0.95;  ///< Of the interval, over all looks and all gated metrics together.
  /// The smallest worsening that as many pairs with this much noise would call a regression with a
  /// probability of 90 %. None without an interval.
  std::optional<double> detectable;
  /// kInconclusive: about how many more pairs would decide; none if a thousand would not.
  std::optional<int64_t> more_pairs;
};

/// The verdict on one metric with error `alpha`:
///   regression    the interval is on the worse side and the median worse than the margin
///   improvement   the mirror image
///   same          the interval is within the margin
///   inconclusive  anything else
Judgement judge(std::span<const double> worse, double margin, const Looks& looks, double alpha);

/// The verdict on a figure that noise does not touch: any change is one. kIncomparable where one
/// program's own values differ among themselves, which says that noise does touch it.
Change judge_exactly(std::span<const double> baseline, std::span<const double> candidate,
                     bool higher_is_better);

/// One of several metrics that decide together.
struct Gated {
  std::vector<double> worse;
  double margin;
  std::optional<Looks> looks{};  ///< Its own; absent: those of all.
};
/// The fewest samples with which one look at one of `gates` figures can decide anything.
int64_t fewest_samples(size_t gates, double alpha);

/// judge() for each, with an error of `alpha` for all of them together: Holm's rule, so that what
/// is found different leaves its share to the others (with repeated looks: Maurer & Bretz 2013).
std::vector<Judgement> judge_together(const std::vector<Gated>& gate, const Looks& looks,
                                      double alpha);

}  // namespace nety::results
