// Rotary angles in double precision, from the formulas as they were published. It shares no code
// with core/model/rope.cpp, so that a mistake there is seen in every backend's logits.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

#include "core/checkpoint/config.h"

namespace nety::model::reference {

/// Radians per position of each pair that is rotated, [rotated/2], and what cosines and sines are
/// multiplied by.
struct Rotary {
  std::vector<double> speeds;
  double magnitude = 1;
};

/// RoFormer (Su et al. 2021), equation 15: pair i turns by theta^(-2i/d) per position.
inline std::vector<double> roformer_speeds(double theta, int64_t head_dim) {
  std::vector<double> speeds;
  for (int64_t i = 0; i < head_dim / 2; ++i)
    speeds.push_back(
        std::pow(theta, -2.0 * static_cast<double>(i) / static_cast<double>(head_dim)));
  return speeds;
}

/// "Dynamic NTK" (bloc97 and emozilla 2023): the base grows with the sequence once it is longer
/// than the trained context.
inline double dynamic_ntk_base(const checkpoint::ModelConfig& config, const checkpoint::Rope& rope,
                               int64_t length) {
  const double trained = static_cast<double>(config.context);
  const double longer = std::max(1.0, static_cast<double>(length) / trained);
  const double d = static_cast<double>(rope.rotated_of(config.head_dim));
  const double scale = rope.factor;
  return rope.theta * std::pow(scale * longer - (scale - 1), d / (d - 2));
}

/// apply_scaling() of Llama 3.1's published code: pairs that turn fewer than `low` times over the
/// old context are slowed by the factor, those that turn more than `high` times are kept.
inline double llama3_speed(double speed, const checkpoint::Rope& rope, double old_context) {
  const double turns = old_context * speed / (2 * std::numbers::pi);
  const double kept = std::clamp(
      (turns - rope.low_freq_factor) / (rope.high_freq_factor - rope.low_freq_factor), 0.0, 1.0);
  return kept * speed + (1 - kept) * speed / rope.factor;
}

/// YaRN (Peng et al. 2023, section 3.2) with the ramp of its published code, linear in the pair's
/// number: from the pair that turns beta_fast times over the old context (kept) to the one that
/// turns beta_slow times (slowed by the factor).
inline void apply_yarn(std::vector<double>& speeds, const checkpoint::Rope& rope, int64_t head_dim,
                       double old_context) {
  const double d = static_cast<double>(head_dim);
  // Solves old_context * theta^(-2i/d) = turns * 2 pi for i.
  const auto pair_that_turns = [&](double turns) {
    return d / 2 * std::log(old_context / (2 * std::numbers::pi * turns)) / std::log(rope.theta);
  };
  double first = pair_that_turns(rope.beta_fast), last = pair_that_turns(rope.beta_slow);
  if (rope.truncate) first = std::floor(first), last = std::ceil(last);
  first = std::max(first, 0.0), last = std::min(last, d - 1);
  if (first == last) last += 0.001;
  for (size_t i = 0; i < speeds.size(); ++i) {
    const double slowed = std::clamp((static_cast<double>(i) - first) / (last - first), 0.0, 1.0);
    speeds[i] *= 1 - slowed + slowed / rope.factor;
  }
}

/// YaRN, equation 22: 0.1 ln(s) + 1, unless the checkpoint gives the magnitude or the weights of
/// the logarithm (DeepSeek's mscale).
inline double yarn_magnitude(const checkpoint::Rope& rope) {
  if (rope.attention_factor != 0) return rope.attention_factor;
  const double log = rope.factor > 1 ? 0.1 * std::log(rope.factor) : 0;
  if (rope.mscale == 0 || rope.mscale_all_dim == 0) return 1 + log;
  return (1 + rope.mscale * log) / (1 + rope.mscale_all_dim * log);
}

/// LongRoPE (Ding et al. 2024) as transformers has it: the speeds of one of two sets, and a
/// magnitude of sqrt(1 + ln(s) / ln(old context)) unless the checkpoint gives it.
inline void apply_longrope(Rotary& rotary, const checkpoint::Rope& rope, int64_t length) {
  const auto& factors = length > rope.original_context ? rope.long_factors : rope.short_factors;
  for (size_t i = 0; i < factors.size(); ++i) rotary.speeds[i] /= double{factors[i]};
  rotary.magnitude = rope.attention_factor;
  if (rope.attention_factor == 0)
    rotary.magnitude = rope.factor > 1
                           ? std::sqrt(1 + std::log(rope.factor) /
                                               std::log(static_cast<double>(rope.original_context)))
                           : 1;
}

/// The angles of `rope` in `config` for a sequence of `length` positions.
inline Rotary rotary(const checkpoint::ModelConfig& config, const checkpoint::Rope& rope,
                     int64_t length) {
  const int64_t rotated = rope.rotated_of(config.head_dim);
  const double old_context =
      static_cast<double>(rope.original_context > 0 ? rope.original_context : config.context);
  Rotary rotary{roformer_speeds(rope.theta, rotated)};
  switch (rope.scaling) {
    case checkpoint::RopeScaling::kNone:
      break;
    case checkpoint::RopeScaling::kLinear:  // Position interpolation (Chen et al. 2023)
      for (double& speed : rotary.speeds) speed /= rope.factor;
      break;
    case checkpoint::RopeScaling::kDynamic:
      rotary.speeds = roformer_speeds(dynamic_ntk_base(config, rope, length), rotated);
      break;
    case checkpoint::RopeScaling::kLlama3:
      for (double& speed : rotary.speeds) speed = llama3_speed(speed, rope, old_context);
      break;
    case checkpoint::RopeScaling::kYarn:
      apply_yarn(rotary.speeds, rope, rotated, old_context);
      rotary.magnitude = yarn_magnitude(rope);
      break;
    case checkpoint::RopeScaling::kLongrope:
      apply_longrope(rotary, rope, length);
      break;
  }
  // GGUF's rope_freqs.weight divides the speed of each pair.
  for (size_t i = 0; i < rope.frequency_factors.size(); ++i)
    rotary.speeds[i] /= double{rope.frequency_factors[i]};
  return rotary;
}

}  // namespace nety::model::reference
