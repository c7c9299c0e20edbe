// Statistics over samples, and the words of the enumerations.
#include "core/results/results.h"

#include <algorithm>
#include <cmath>

#include "core/base/utc.h"

namespace nety::results {
namespace {

constexpr double kTail = 0.025;  // of a 95 % interval, each side

/// The rank k (from 1) such that [x(k), x(n+1-k)] holds the median with at least 95 % confidence,
/// whatever the distribution; 0 if n is too small. The number of samples below the median is
/// Binomial(n, 1/2), so the interval misses on one side with P(B <= k-1). David & Nagaraja, Order
/// Statistics, section 7.1.
size_t median_rank(size_t n) {
  const double count = static_cast<double>(n);
  double below = 0;  // P(B <= rank)
  for (size_t rank = 0; rank < n; ++rank) {
    const double r = static_cast<double>(rank);
    below += std::exp(std::lgamma(count + 1) - std::lgamma(r + 1) - std::lgamma(count - r + 1) -
                      count * std::log(2.0));
    if (below > kTail) return rank;
  }
  return 0;
}

double median_of_sorted(const std::vector<double>& sorted) {
  const size_t middle = sorted.size() / 2;
  if (sorted.size() % 2 == 1) return sorted[middle];
  return sorted[middle - 1] + (sorted[middle] - sorted[middle - 1]) / 2;
}

Metric single(std::string unit, std::string kind, double value) {
  Metric metric;
  metric.unit = std::move(unit);
  metric.kind = std::move(kind);
  if (std::isfinite(value)) {
    metric.median = metric.min = metric.max = value;
  } else {
    metric.reason = "not a finite number";
  }
  return metric;
}

}  // namespace

std::string now_utc() { return utc_text(std::chrono::system_clock::now()); }

Metric summarise(std::string unit, std::vector<double> samples) {
  Metric metric;
  metric.unit = std::move(unit);
  metric.n = static_cast<int64_t>(samples.size());
  metric.samples = std::move(samples);
  if (metric.samples.empty()) {
    metric.reason = "no samples";
    return metric;
  }
  std::vector<double> sorted = metric.samples;
  const auto finite = std::count_if(sorted.begin(), sorted.end(),
                                    [](double value) { return std::isfinite(value); });
  if (finite != metric.n) {
    metric.reason = std::to_string(metric.n - finite) + " of " + std::to_string(metric.n) +
                    " samples are not finite numbers";
    return metric;
  }
  std::sort(sorted.begin(), sorted.end());
  metric.median = median_of_sorted(sorted);
  metric.min = sorted.front();
  metric.max = sorted.back();
  if (const size_t rank = median_rank(sorted.size()); rank > 0) {
    metric.ci = {sorted[rank - 1], sorted[sorted.size() - rank]};
  } else {
    metric.reason = "no interval: fewer than 6 samples";
  }
  return metric;
}

Metric exactly(std::string unit, double value) {
  Metric metric = single(std::move(unit), "measured", value);
  metric.n = 1;
  return metric;
}

Metric estimated(std::string unit, double value, std::vector<std::string> inputs) {
  Metric metric = single(std::move(unit), "estimated", value);
  metric.inputs = std::move(inputs);
  return metric;
}

Metric derived(std::string unit, double value, std::vector<std::string> inputs) {
  Metric metric = single(std::move(unit), "derived", value);
  metric.inputs = std::move(inputs);
  return metric;
}

std::string_view name_of(FindingStatus status) {
  switch (status) {
    case FindingStatus::kOk:
      return "ok";
    case FindingStatus::kWarn:
      return "warn";
    case FindingStatus::kFail:
      return "fail";
    case FindingStatus::kAbsent:
      return "absent";
    case FindingStatus::kUnknown:
      return "unknown";
  }
  return "";
}

std::string_view name_of(Status status) {
  switch (status) {
    case Status::kOk:
      return "ok";
    case Status::kUnsupported:
      return "unsupported";
    case Status::kDoesNotFit:
      return "does_not_fit";
    case Status::kCrashed:
      return "crashed";
    case Status::kTimeout:
      return "timeout";
    case Status::kError:
      return "error";
    case Status::kSkipped:
      return "skipped";
  }
  return "";
}

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kSupported:
      return "SUPPORTED";
    case Verdict::kRefuted:
      return "REFUTED";
    case Verdict::kInconclusive:
      return "INCONCLUSIVE";
    case Verdict::kNotTested:
      return "NOT TESTED";
  }
  return "";
}

}  // namespace nety::results
