// What a server counts of its requests: for /metrics, and for whoever plans one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/serving/scheduler.h"

namespace nety::serving {

/// Counts of values up to each of some bounds, as Prometheus has them.
class Histogram {
 public:
  /// `bounds` ascend, and live forever.
  explicit Histogram(std::span<const double> bounds) : bounds_(bounds) {}

  void add(double value);
  std::span<const double> bounds() const { return bounds_; }
  /// Values up to bounds()[i] and above the bound before; the last one: above all bounds.
  uint64_t count(size_t i) const { return counts_.at(i); }
  uint64_t total() const { return total_; }
  double sum() const { return sum_; }

 private:
  static constexpr size_t kMost = 24;
  std::span<const double> bounds_;
  std::array<uint64_t, kMost + 1> counts_{};
  uint64_t total_ = 0;
  double sum_ = 0;
};

/// Upper bounds, in seconds.
inline constexpr double kWaitBounds[] = {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
                                         2.5,  5,     10,   25,  50,   100};
inline constexpr double kTokenBounds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075,
                                          0.1,   0.15,   0.2,   0.3,  0.5,   1,    2.5};

struct Statistics {
  static constexpr size_t kEnds = static_cast<size_t>(End::kFailed) + 1;
  static constexpr size_t kRefusals = static_cast<size_t>(Refusal::kStopping) + 1;

  std::array<uint64_t, kEnds> ended{};        ///< Requests by how they ended.
  std::array<uint64_t, kRefusals> refused{};  ///< Requests that were not taken, by reason.
  uint64_t prompt_tokens = 0;                 ///< That were read,
  uint64_t reused_tokens = 0;                 ///< and that had been read for others before.
  uint64_t answer_tokens = 0;
  uint64_t steps = 0;
  double step_seconds = 0;
  Histogram queue_seconds{kWaitBounds};  ///< From arrival to the first step.
  Histogram ttft_seconds{kWaitBounds};   ///< From arrival to the first token.
  Histogram tpot_seconds{kTokenBounds};  ///< Between tokens: an answer's mean.

  // Now:
  size_t waiting = 0, running = 0;
};

}  // namespace nety::serving
