#include "core/results/closeness.h"

namespace nety::results {

Side side_of(const std::optional<std::pair<double, double>>& interval, double threshold) {
  if (interval && interval->first > threshold) return Side::kAbove;
  if (interval && interval->second < threshold) return Side::kBelow;
  return Side::kUnclear;
}

Closeness closeness_of(const Metric* kld, const Metric* top1, const Admissible& admissible) {
  if (kld == nullptr || top1 == nullptr || !kld->median || !top1->median)
    return Closeness::kUnknown;
  if (kld->kind == "derived" && top1->kind == "derived") return Closeness::kClose;  // the reference
  const Side divergence = side_of(kld->ci, admissible.kld);
  const Side agreement = side_of(top1->ci, admissible.top1);
  if (divergence == Side::kAbove || agreement == Side::kBelow) return Closeness::kFar;
  if (divergence == Side::kBelow && agreement == Side::kAbove) return Closeness::kClose;
  return Closeness::kUnclear;
}

}  // namespace nety::results
