// Keys: ggml docs/gguf.md and the gguf package's constants.py.
#include "core/checkpoint/gguf_shape.h"

#include <fmt/core.h>

#include <cmath>

#include "core/checkpoint/arithmetic_keys.h"
#include "core/checkpoint/config_check.h"
#include "core/checkpoint/refuse.h"

namespace nety::checkpoint {
namespace {

/// The factor on cos and sin, as llama.cpp computes it: the usual mscale times
/// rope.scaling.attn_factor.
void read_yarn(const GgufKeys& keys, int64_t context, Rope& rope) {
  const auto number = [&](const char* key, double fallback) {
    return keys.number(keys.own(fmt::format("rope.scaling.{}", key))).value_or(fallback);
  };
  rope.original_context =
      keys.integer(keys.own("rope.scaling.original_context_length"), 1, kMaxContext)
          .value_or(context);
  rope.beta_fast = number("yarn_beta_fast", rope.beta_fast);
  rope.beta_slow = number("yarn_beta_slow", rope.beta_slow);
  const auto mscale = [&](double weight) {
    return rope.factor <= 1 ? 1.0 : 0.1 * weight * std::log(rope.factor) + 1.0;
  };
  const double log_multiplier = number("yarn_log_multiplier", 0);
  const double extra = number("attn_factor", 1) * number("yarn_attn_factor", 1);
  double usual = mscale(1);
  if (log_multiplier != 0) {
    rope.mscale = 1;
    rope.mscale_all_dim = log_multiplier;
    usual = mscale(1) / mscale(log_multiplier);
  }
  if (extra != 1) rope.attention_factor = usual * extra;
}

Rope read_rope(const GgufKeys& keys, int64_t context) {
  Rope rope;
  rope.theta = keys.number(keys.own("rope.freq_base")).value_or(rope.theta);
  std::optional<double> factor = keys.number(keys.own("rope.scaling.factor"));
  if (!factor) factor = keys.number(keys.own("rope.scale_linear"));  // before 2023-10
  // Zero is what some converters write for "none".
  rope.factor = factor && *factor != 0 ? *factor : 1.0;
  const std::string type_key = keys.own("rope.scaling.type");
  const std::string type = keys.string(type_key).value_or(rope.factor != 1 ? "linear" : "none");
  if (type == "none") {
    rope.factor = 1;
  } else if (type == "linear") {
    rope.scaling = rope.factor != 1 ? RopeScaling::kLinear : RopeScaling::kNone;
  } else if (type == "yarn") {
    rope.scaling = RopeScaling::kYarn;
    read_yarn(keys, context, rope);
  } else if (type == "longrope") {
    rope.scaling = RopeScaling::kLongrope;  // its factors are tensors
  } else {
    refuse(keys.file(), fmt::format("\"{}\" is {}, which is not supported", type_key, shown(type)),
           "Supported: none, linear, yarn, longrope.");
  }
  return rope;
}

ConfigKeys names_of(const GgufKeys& keys, const GgufShape& of) {
  return {keys.own("embedding_length"),
          keys.own("attention.head_count"),
          keys.own("attention.head_count_kv"),
          keys.own("attention.key_length"),
          keys.own(of.eps_key),
          keys.own("rope.freq_base"),
          keys.own("rope.scaling.factor")};
}

/// A share of the head only where the family may have one.
int64_t read_rotated(const GgufKeys& keys, const ModelConfig& config, bool partial) {
  const std::string key = keys.own("rope.dimension_count");
  const int64_t rotated = keys.integer(key, 1, kMaxHeadDim).value_or(config.head_dim);
  if (rotated == config.head_dim) return 0;
  if (!partial || rotated > config.head_dim || rotated % 2 != 0)
    refuse(keys.file(),
           fmt::format("\"{}\" is {}, heads have {} dimensions; different sizes are "
                       "not supported",
                       key, rotated, config.head_dim),
           "Use a model whose heads are rotated whole.");
  return rotated;
}

void read_heads(const GgufKeys& keys, const ConfigKeys& names, ModelConfig& config) {
  config.heads = keys.required_integer(names.heads, 1, kMaxHeads);
  config.kv_heads = keys.integer(names.kv_heads, 1, kMaxHeads).value_or(config.heads);
  const std::optional<int64_t> key_length = keys.integer(names.head_dim, 1, kMaxHeadDim);
  if (!key_length && config.dim % config.heads != 0)
    refuse(keys.file(), fmt::format("\"{}\", {}, is not a multiple of \"{}\", {}", names.dim,
                                    config.dim, names.heads, config.heads));
  config.head_dim = key_length.value_or(config.dim / config.heads);
  const std::string key = keys.own("attention.value_length");
  const int64_t value = keys.integer(key, 1, kMaxHeadDim).value_or(config.head_dim);
  if (value != config.head_dim)
    refuse(keys.file(),
           fmt::format("\"{}\" is {}, heads have {} dimensions; different sizes are "
                       "not supported",
                       key, value, config.head_dim),
           "Use a model whose keys and values have the same width.");
}

}  // namespace

ModelConfig read_shape(const GgufKeys& keys, const GgufShape& of) {
  const ConfigKeys names = names_of(keys, of);
  refuse_arithmetic(keys, of.takes);
  ModelConfig config;
  config.dim = keys.required_integer(names.dim, 1, kMaxDim);
  config.layers = keys.required_integer(keys.own("block_count"), 1, kMaxLayers);
  config.ffn_dim = keys.required_integer(keys.own("feed_forward_length"), 1, kMaxFfnDim);
  config.context = keys.required_integer(keys.own("context_length"), 1, kMaxContext);
  config.specs.front().window =
      keys.integer(keys.own("attention.sliding_window"), 0, kMaxContext).value_or(0);
  const std::optional<double> epsilon = keys.number(names.rms_eps);
  if (!epsilon) refuse(keys.file(), fmt::format("has no metadata key \"{}\"", names.rms_eps));
  config.rms_eps = *epsilon;
  read_heads(keys, names, config);
  config.rope = read_rope(keys, config.context);
  config.rope.rotated = read_rotated(keys, config, of.partial_rotary);
  check_config(config, names, keys.file());
  return config;
}

std::vector<bool> windowed_layers(const GgufKeys& keys, int64_t layers, int64_t period) {
  const std::string key = keys.own("attention.sliding_window_pattern");
  const std::optional<std::vector<int64_t>> pattern = keys.integers(key);
  const auto count = static_cast<size_t>(layers);
  if (pattern && pattern->size() != 1 && pattern->size() != count)
    refuse(keys.file(), fmt::format("\"{}\" has {} layers, \"{}\" is {}", key, pattern->size(),
                                    keys.own("block_count"), layers));
  std::vector<bool> windowed;
  if (pattern && pattern->size() == count && !(count == 1 && pattern->front() > 1)) {
    for (const int64_t flag : *pattern) windowed.push_back(flag != 0);
    return windowed;
  }
  if (pattern) period = pattern->front();
  for (int64_t l = 0; l < layers; ++l) windowed.push_back(period > 0 && (l + 1) % period != 0);
  return windowed;
}

double read_scale(const GgufKeys& keys, std::string_view own_key, double fallback) {
  const std::string key = keys.own(own_key);
  const double value = keys.number(key).value_or(fallback);
  if (!std::isfinite(value) || value == 0 || std::fabs(value) > 1e9)
    keys.refuse_value(key, "a finite number other than 0");
  return value;
}

double read_positive(const GgufKeys& keys, std::string_view own_key, double fallback) {
  const double value = read_scale(keys, own_key, fallback);
  if (value < 0) keys.refuse_value(keys.own(own_key), "a positive number");
  return value;
}

double read_cap(const GgufKeys& keys, std::string_view own_key, double fallback) {
  const std::string key = keys.own(own_key);
  const double value = keys.number(key).value_or(fallback);
  if (!std::isfinite(value) || value < 0 || value > 1e9)
    keys.refuse_value(key, "a positive number");
  return value;
}

}  // namespace nety::checkpoint
