// RoPE frequencies. The steps are single precision in the order transformers takes them, because at
// position 10^5 a last-place difference in a frequency is a visible difference in the angle.
#include "core/model/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "core/base/error.h"

namespace nety::model {
namespace {

using checkpoint::ModelConfig;
using checkpoint::Rope;
using checkpoint::RopeScaling;

/// theta^(2i/d) for i < d/2: the wavelengths over 2 pi.
std::vector<float> powers(double theta, int64_t head_dim) {
  const float base = static_cast<float>(theta);
  std::vector<float> result(static_cast<size_t>(head_dim / 2));
  for (size_t i = 0; i < result.size(); ++i) {
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(head_dim);
    result[i] = static_cast<float>(std::pow(double{base}, double{exponent}));
  }
  return result;
}

std::vector<float> inverse(std::vector<float> values) {
  for (float& value : values) value = 1.0F / value;
  return values;
}

/// NTK-aware scaling: a larger base, so that `length` positions spread over the trained angles.
double dynamic_theta(const ModelConfig& config, const Rope& rope, int64_t length) {
  const double trained = static_cast<double>(config.context);
  const double reached = static_cast<double>(std::max(length, config.context));
  const double stretch = rope.factor * reached / trained - (rope.factor - 1);
  const double d = static_cast<double>(rope.rotated_of(config.head_dim));
  return rope.theta * std::pow(stretch, d / (d - 2));
}

/// Llama 3.1: long wavelengths are interpolated, short ones kept, those between blended.
void scale_llama3(const ModelConfig& config, const Rope& rope, std::vector<float>& frequencies) {
  const double trained =
      static_cast<double>(rope.original_context > 0 ? rope.original_context : config.context);
  const float factor = static_cast<float>(rope.factor);
  const float low = static_cast<float>(rope.low_freq_factor);
  const float longest = static_cast<float>(trained / rope.low_freq_factor);
  const float shortest = static_cast<float>(trained / rope.high_freq_factor);
  const float span = static_cast<float>(rope.high_freq_factor - rope.low_freq_factor);
  for (float& frequency : frequencies) {
    const float wavelength = static_cast<float>(2 * std::numbers::pi) / frequency;
    if (wavelength < shortest) continue;
    if (wavelength > longest) {
      frequency /= factor;
      continue;
    }
    const float smooth = (static_cast<float>(trained) / wavelength - low) / span;
    frequency = (1 - smooth) * frequency / factor + smooth * frequency;
  }
}

/// The factor of cosines and sines that yarn's paper suggests for a context `scale` times longer.
double yarn_mscale(double scale, double mscale) {
  return scale <= 1 ? 1.0 : 0.1 * mscale * std::log(scale) + 1.0;
}

double yarn_attention_factor(const Rope& rope, double factor) {
  if (rope.attention_factor != 0) return rope.attention_factor;
  if (rope.mscale != 0 && rope.mscale_all_dim != 0)
    return yarn_mscale(factor, rope.mscale) / yarn_mscale(factor, rope.mscale_all_dim);
  return yarn_mscale(factor, 1);
}

/// YaRN (Peng et al. 2023, section 3.2): dimensions that turn often are kept, those that turn less
/// than once over the trained context are interpolated, with a linear ramp between.
RopeTable yarn_table(const ModelConfig& config, const Rope& rope) {
  const int64_t rotated = rope.rotated_of(config.head_dim);
  const double trained =
      static_cast<double>(rope.original_context > 0 ? rope.original_context : config.context);
  const double d = static_cast<double>(rotated);
  const auto dimension_of = [&](double turns) {
    return d * std::log(trained / (turns * 2 * std::numbers::pi)) / (2 * std::log(rope.theta));
  };
  double low = dimension_of(rope.beta_fast);
  double high = dimension_of(rope.beta_slow);
  if (rope.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, d - 1);
  if (low == high) high += 0.001;

  RopeTable table;
  table.attention_factor = static_cast<float>(yarn_attention_factor(rope, rope.factor));
  table.inverse_frequencies = powers(rope.theta, rotated);
  const float factor = static_cast<float>(rope.factor);
  for (size_t i = 0; i < table.inverse_frequencies.size(); ++i) {
    const float power = table.inverse_frequencies[i];
    const float ramp =
        (static_cast<float>(i) - static_cast<float>(low)) / static_cast<float>(high - low);
    const float keep = 1 - std::clamp(ramp, 0.0F, 1.0F);
    table.inverse_frequencies[i] = 1 / (factor * power) * (1 - keep) + 1 / power * keep;
  }
  return table;
}

/// Longrope (2402.13753): the frequencies are divided by factors of two sets. transformers chooses
/// by the length of the sequence.
RopeTable longrope_table(const ModelConfig& config, const Rope& rope, int64_t length) {
  RopeTable table;
  table.inverse_frequencies = powers(rope.theta, rope.rotated_of(config.head_dim));
  const std::vector<float>& factors =
      length > rope.original_context ? rope.long_factors : rope.short_factors;
  for (size_t i = 0; i < table.inverse_frequencies.size() && i < factors.size(); ++i)
    table.inverse_frequencies[i] = 1.0F / (factors[i] * table.inverse_frequencies[i]);
  const auto original = static_cast<double>(rope.original_context);
  const double usual =
      rope.factor <= 1 ? 1 : std::sqrt(1 + std::log(rope.factor) / std::log(original));
  table.attention_factor =
      static_cast<float>(rope.attention_factor != 0 ? rope.attention_factor : usual);
  return table;
}

RopeTable scaled_table(const ModelConfig& config, const Rope& rope, int64_t length) {
  const int64_t rotated = rope.rotated_of(config.head_dim);
  RopeTable table;
  switch (rope.scaling) {
    case RopeScaling::kNone:
      table.inverse_frequencies = inverse(powers(rope.theta, rotated));
      break;
    case RopeScaling::kLinear:
      table.inverse_frequencies = inverse(powers(rope.theta, rotated));
      for (float& frequency : table.inverse_frequencies)
        frequency /= static_cast<float>(rope.factor);
      break;
    case RopeScaling::kDynamic:
      table.inverse_frequencies = inverse(powers(dynamic_theta(config, rope, length), rotated));
      break;
    case RopeScaling::kLlama3:
      table.inverse_frequencies = inverse(powers(rope.theta, rotated));
      scale_llama3(config, rope, table.inverse_frequencies);
      break;
    case RopeScaling::kYarn:
      table = yarn_table(config, rope);
      break;
    case RopeScaling::kLongrope:
      table = longrope_table(config, rope, length);
      break;
  }
  return table;
}

}  // namespace

RopeTable rope_table(const ModelConfig& config, int64_t length) {
  return rope_table(config, config.rope, length);
}

RopeTable rope_table(const ModelConfig& config, const Rope& rope, int64_t length) {
  RopeTable table = scaled_table(config, rope, length);
  const std::vector<float>& factors = rope.frequency_factors;
  if (!factors.empty() && factors.size() != table.inverse_frequencies.size())
    throw Error(ErrorKind::kCheckpoint,
                "rope_freqs.weight has " + std::to_string(factors.size()) + " factors, head_dim " +
                    std::to_string(config.head_dim) + " needs " +
                    std::to_string(table.inverse_frequencies.size()),
                "The checkpoint is damaged or of another architecture.");
  for (size_t i = 0; i < factors.size(); ++i) table.inverse_frequencies[i] /= factors[i];

  const bool finite = std::ranges::all_of(table.inverse_frequencies,
                                          [](float value) { return std::isfinite(value); });
  if (!finite || !std::isfinite(table.attention_factor))
    throw Error(ErrorKind::kCheckpoint,
                "the RoPE parameters give frequencies that are no numbers (theta " +
                    std::to_string(rope.theta) + ", factor " + std::to_string(rope.factor) +
                    ", head_dim " + std::to_string(config.head_dim) + ")",
                "Check rope_theta and rope_scaling in the checkpoint's config.");
  return table;
}

bool depends_on_length(const Rope& rope) {
  return rope.scaling == RopeScaling::kDynamic || rope.scaling == RopeScaling::kLongrope;
}

float query_scale(const checkpoint::LayerSpec& spec, int32_t position) {
  if (spec.query_growth == 0) return 1;
  const auto period = static_cast<double>(spec.query_period);
  return static_cast<float>(1 + spec.query_growth * std::log1p(std::floor(position / period)));
}

void rope_rotation(const RopeTable& table, int32_t position, std::span<float> cosines,
                   std::span<float> sines) {
  for (size_t i = 0; i < table.inverse_frequencies.size(); ++i) {
    const float angle = static_cast<float>(position) * table.inverse_frequencies[i];
    cosines[i] = std::cos(angle) * table.attention_factor;
    sines[i] = std::sin(angle) * table.attention_factor;
  }
}

}  // namespace nety::model
