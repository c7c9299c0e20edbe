// Finds the parameters by trial: the factor is the largest divisor, and there are few combinations
// of the others.
#include "core/checkpoint/gguf_rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace nety::checkpoint {

std::vector<float> llama3_frequency_factors(const Rope& rope, int64_t head_dim) {
  const auto original = static_cast<double>(rope.original_context);
  std::vector<float> factors;
  for (int64_t i = 0; i < head_dim; i += 2) {
    const double exponent = static_cast<double>(i) / static_cast<double>(head_dim);
    const double wavelength = 2 * std::numbers::pi * std::pow(rope.theta, exponent);
    double factor = 1;
    if (wavelength > original / rope.low_freq_factor) {
      factor = rope.factor;
    } else if (wavelength >= original / rope.high_freq_factor) {
      const double smooth = (original / wavelength - rope.low_freq_factor) /
                            (rope.high_freq_factor - rope.low_freq_factor);
      factor = 1 / ((1 - smooth) / rope.factor + smooth);
    }
    factors.push_back(static_cast<float>(factor));
  }
  return factors;
}

std::optional<Rope> find_llama3_scaling(const ModelConfig& config) {
  constexpr float kTolerance = 1e-3F;  // converters compute in fp32, in one order or another
  const std::vector<float>& stored = config.rope.frequency_factors;
  Rope rope = config.rope;
  rope.scaling = RopeScaling::kLlama3;
  rope.factor = std::round(double{*std::max_element(stored.begin(), stored.end())});
  rope.low_freq_factor = 1;
  for (const double high : {4.0, 2.0, 8.0})
    for (const int64_t original : {8192, 4096, 2048, 16384, 32768}) {
      rope.high_freq_factor = high;
      rope.original_context = original;
      const std::vector<float> made = llama3_frequency_factors(rope, config.head_dim);
      const auto same = [&](float a, float b) { return std::fabs(a - b) <= kTolerance * b; };
      if (std::equal(made.begin(), made.end(), stored.begin(), stored.end(), same)) return rope;
    }
  return std::nullopt;
}

}  // namespace nety::checkpoint
