// Sizes have no defaults: a config without them is damaged, not default.
#include "core/checkpoint/huggingface_shape.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "core/checkpoint/arithmetic_keys.h"
#include "core/checkpoint/config_check.h"
#include "core/checkpoint/huggingface_rope.h"
#include "core/checkpoint/refuse.h"

namespace nety::checkpoint {
namespace {

ConfigKeys keys(const ShapeDefaults& defaults) {
  return {"hidden_size",
          "num_attention_heads",
          "num_key_value_heads",
          "head_dim",
          std::string(defaults.eps_key),
          "rope_theta",
          "rope_parameters.factor"};
}

void read_heads(const JsonObject& root, const ShapeDefaults& defaults, const ConfigKeys& keys,
                ModelConfig& config) {
  config.heads = root.required_integer(keys.heads, 1, kMaxHeads);
  const int64_t default_kv_heads =
      defaults.kv_heads == 0 || root.is_null(keys.kv_heads) ? config.heads : defaults.kv_heads;
  config.kv_heads = root.integer(keys.kv_heads, 1, kMaxHeads).value_or(default_kv_heads);
  std::optional<int64_t> head_dim = root.integer(keys.head_dim, 1, kMaxHeadDim);
  if (!head_dim && defaults.head_dim > 0 && !root.is_null(keys.head_dim))
    head_dim = defaults.head_dim;
  if (!head_dim && config.dim % config.heads != 0)
    refuse(root.file(), fmt::format("\"{}\", {}, is not a multiple of \"{}\", {}", keys.dim,
                                    config.dim, keys.heads, config.heads));
  config.head_dim = head_dim.value_or(config.dim / config.heads);
}

Nonlinearity read_activation(const JsonObject& root, const ShapeDefaults& defaults) {
  const std::string key(defaults.activation_key);
  const std::string name = root.string(key).value_or(std::string(defaults.activation));
  if (name == "silu" || name == "swish") return Nonlinearity::kSilu;
  if (name == "gelu_pytorch_tanh" || name == "gelu_new" || name == "gelu_fast")
    return Nonlinearity::kGeluTanh;
  refuse(root.file(), fmt::format("\"{}\" is {}, which is not supported", key, shown(name)),
         "Supported: silu, gelu_pytorch_tanh.");
}

}  // namespace

ModelConfig read_shape(const JsonObject& root, const ShapeDefaults& defaults) {
  const ConfigKeys names = keys(defaults);
  refuse_arithmetic(root, defaults.takes);
  ModelConfig config;
  config.dim = root.required_integer(names.dim, 1, kMaxDim);
  config.layers = root.required_integer("num_hidden_layers", 1, kMaxLayers);
  config.ffn_dim = root.required_integer("intermediate_size", 1, kMaxFfnDim);
  config.vocab = root.required_integer("vocab_size", 1, kMaxVocab);
  config.context =
      root.integer("max_position_embeddings", 1, kMaxContext).value_or(defaults.context);
  read_heads(root, defaults, names, config);
  config.rms_eps = root.number(names.rms_eps).value_or(defaults.eps);
  config.tied_embeddings = root.boolean("tie_word_embeddings").value_or(defaults.tied);
  config.specs.front().nonlinearity = read_activation(root, defaults);
  config.rope = read_rope(root, {.context = config.context,
                                 .head_dim = config.head_dim,
                                 .theta = defaults.theta,
                                 .rotated = defaults.rotated});
  check_config(config, names, root.file());
  return config;
}

int64_t read_window(const JsonObject& root, int64_t fallback) {
  if (!root.boolean("use_sliding_window").value_or(true)) return 0;
  if (root.is_null("sliding_window")) return 0;
  return root.integer("sliding_window", 0, kMaxContext).value_or(fallback);
}

void read_late_window(const JsonObject& root, ModelConfig& config) {
  const std::vector<bool> listed = windowed_layers(root, config.layers, 0);
  if (!root.boolean("use_sliding_window").value_or(false)) return;
  const int64_t window = read_window(root, 4096);
  const int64_t first = root.integer("max_window_layers", 0, kMaxLayers).value_or(28);
  if (window == 0) return;
  const bool by_list = root.has("layer_types");
  std::vector<bool> windowed;
  for (int64_t l = 0; l < config.layers; ++l)
    windowed.push_back(by_list ? listed[static_cast<size_t>(l)] : l >= first);
  if (std::ranges::find(windowed, true) == windowed.end()) return;
  if (std::ranges::find(windowed, false) != windowed.end()) spread_specs(config);
  for (size_t l = 0; l < config.specs.size(); ++l)
    config.specs[l].window = windowed[l] ? window : 0;
}

void spread_specs(ModelConfig& config) {
  const LayerSpec every = config.specs.front();
  config.specs.assign(static_cast<size_t>(config.layers), every);
}

void spread_windows(ModelConfig& config, int64_t window, const std::vector<bool>& windowed,
                    Rotary in_window, Rotary elsewhere) {
  spread_specs(config);
  for (size_t l = 0; l < windowed.size(); ++l) {
    config.specs[l].window = windowed[l] ? window : 0;
    config.specs[l].rotary = windowed[l] ? in_window : elsewhere;
  }
}

std::vector<bool> windowed_layers(const JsonObject& root, int64_t layers, int64_t period) {
  const std::vector<std::string> types = root.strings("layer_types");
  std::vector<bool> windowed;
  for (const std::string& type : types) {
    if (type != "sliding_attention" && type != "full_attention")
      refuse(root.file(),
             fmt::format("\"layer_types\" has {}, which is not supported", shown(type)),
             "Supported: full_attention, sliding_attention.");
    windowed.push_back(type == "sliding_attention");
  }
  if (types.empty())
    for (int64_t l = 0; l < layers; ++l) windowed.push_back(period > 0 && (l + 1) % period != 0);
  if (static_cast<int64_t>(windowed.size()) != layers)
    refuse(root.file(), fmt::format("\"layer_types\" has {} layers, \"num_hidden_layers\" is {}",
                                    windowed.size(), layers));
  return windowed;
}

double read_scale(const JsonObject& root, std::string_view key, double fallback) {
  const double value = root.number(key).value_or(fallback);
  if (!std::isfinite(value) || value == 0 || std::fabs(value) > 1e9)
    root.refuse_value(key, "a finite number other than 0");
  return value;
}

double read_positive(const JsonObject& root, std::string_view key, double fallback) {
  const double value = read_scale(root, key, fallback);
  if (value < 0) root.refuse_value(key, "a positive number");
  return value;
}

double read_cap(const JsonObject& root, std::string_view key, double fallback) {
  if (root.is_null(key)) return 0;
  const double value = root.number(key).value_or(fallback);
  if (!std::isfinite(value) || value < 0 || value > 1e9)
    root.refuse_value(key, "a positive number");
  return value;
}

}  // namespace nety::checkpoint
