// How close to fp32 a mode's predictions must stay for it to be a choice, and whether they do.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "core/results/results.h"

namespace nety::results {

struct Admissible {
  double kld = 0.01;   ///< Mean divergence of at most this, in nats.
  double top1 = 0.96;  ///< The same likeliest token at this share of positions or more.
};

/// Where an interval lies with respect to a threshold.
enum class Side : uint8_t { kAbove, kBelow, kUnclear };
/// kUnclear without an interval, or with the threshold inside it.
Side side_of(const std::optional<std::pair<double, double>>& interval, double threshold);

/// Whether a mode's predictions are close enough to the reference's; kUnknown if that was not
/// measured.
enum class Closeness : uint8_t { kClose, kFar, kUnclear, kUnknown };
/// By the mean divergence and the agreement, null where they are missing.
Closeness closeness_of(const Metric* kld, const Metric* top1, const Admissible& admissible);

}  // namespace nety::results
