#include "bench/mode_cost.h"

#include <algorithm>
#include <cmath>

#include "core/policy/prediction.h"

namespace nety::bench {
namespace {

/// What is left of `whole` without `part`, where both add up as overlapping work does; at least a
/// twentieth of the whole.
double without(double whole, double part) {
  const double p = measure::kOverlap;
  const double rest = std::pow(whole, p) - std::pow(part, p);
  return std::max(whole / 20, rest > 0 ? std::pow(rest, 1 / p) : 0);
}

}  // namespace

// Each cost follows from one model, given the other two: a few turns settle them.
void solve_decode(const TimedDecode& tiny, const TimedDecode& small, const TimedDecode& large,
                  measure::ModeCost& cost) {
  cost.layer_s = 0;
  for (int turn = 0; turn < 50; ++turn) {
    cost.byte_s = std::max(0.0, tiny.token_s - cost.layer_s * tiny.layers) / tiny.bytes;
    const double byte_s = (large.token_s - cost.layer_s * large.layers) / large.bytes;
    const double memory_s = without(std::max(byte_s, large.token_s / large.bytes / 2), cost.byte_s);
    cost.memory_share = std::clamp(1 / (memory_s * large.read_bytes_per_s), 0.01, 1.5);
    const double weights_s = small.bytes * policy::byte_seconds(cost, small.read_bytes_per_s);
    const double layer_s = std::max(0.0, small.token_s - weights_s) / small.layers;
    cost.layer_s = (cost.layer_s + layer_s) / 2;  // half the way: a full step overshoots
  }
}

void solve_prefill(const TimedPrompt& brief, const TimedPrompt& whole, const TimedPrompt& small,
                   measure::ModeCost& cost) {
  const auto rest = [](const TimedPrompt& prompt, double activation_s) {
    return std::max(prompt.step_s - prompt.tokens * prompt.activations * activation_s,
                    prompt.step_s / 20);
  };
  cost.activation_s = 0;
  for (int turn = 0; turn < 50; ++turn) {
    const double a = rest(brief, cost.activation_s) / brief.weights;
    const double b = rest(whole, cost.activation_s) / whole.weights;
    cost.multiply_s = std::max((b - a) / (whole.tokens - brief.tokens), b / whole.tokens / 20);
    cost.unpack_s = std::max(0.0, b - cost.multiply_s * whole.tokens);
    const double products = small.weights * (cost.unpack_s + small.tokens * cost.multiply_s);
    const double left = (small.step_s - products) / (small.tokens * small.activations);
    cost.activation_s = (cost.activation_s + std::max(0.0, left)) / 2;
  }
}

}  // namespace nety::bench
