// Sizes have no defaults: a config without them is damaged, not default.
#include "core/checkpoint/huggingface_shape.h"

#include <fmt/core.h>

#include "core/checkpoint/config_check.h"
#include "core/checkpoint/huggingface_rope.h"
#include "core/checkpoint/refuse.h"

namespace nety::checkpoint {
namespace {

const ConfigKeys& keys() {
  static const ConfigKeys keys = {
      "hidden_size",  "num_attention_heads", "num_key_value_heads",   "head_dim",
      "rms_norm_eps", "rope_theta",          "rope_parameters.factor"};
  return keys;
}

void read_heads(const JsonObject& root, const ShapeDefaults& defaults, ModelConfig& config) {
  config.heads = root.required_integer(keys().heads, 1, kMaxHeads);
  const int64_t default_kv_heads =
      defaults.kv_heads == 0 || root.is_null(keys().kv_heads) ? config.heads : defaults.kv_heads;
  config.kv_heads = root.integer(keys().kv_heads, 1, kMaxHeads).value_or(default_kv_heads);
  const std::optional<int64_t> head_dim = root.integer(keys().head_dim, 1, kMaxHeadDim);
  if (!head_dim && config.dim % config.heads != 0)
    refuse(root.file(), fmt::format("\"{}\", {}, is not a multiple of \"{}\", {}", keys().dim,
                                    config.dim, keys().heads, config.heads));
  config.head_dim = head_dim.value_or(config.dim / config.heads);
}

void check_activation(const JsonObject& root) {
  const std::string activation = root.string("hidden_act").value_or("silu");
  if (activation != "silu" && activation != "swish")
    refuse(root.file(),
           fmt::format("\"hidden_act\" is {}, which is not supported", shown(activation)),
           "Supported: silu.");
}

}  // namespace

ModelConfig read_shape(const JsonObject& root, const ShapeDefaults& defaults) {
  ModelConfig config;
  config.dim = root.required_integer(keys().dim, 1, kMaxDim);
  config.layers = root.required_integer("num_hidden_layers", 1, kMaxLayers);
  config.ffn_dim = root.required_integer("intermediate_size", 1, kMaxFfnDim);
  config.vocab = root.required_integer("vocab_size", 1, kMaxVocab);
  config.context =
      root.integer("max_position_embeddings", 1, kMaxContext).value_or(defaults.context);
  read_heads(root, defaults, config);
  config.rms_eps = root.number(keys().rms_eps).value_or(1e-6);
  config.tied_embeddings = root.boolean("tie_word_embeddings").value_or(false);
  check_activation(root);
  config.rope = read_rope(root, config.context);
  check_config(config, keys(), root.file());
  return config;
}

int64_t read_window(const JsonObject& root, int64_t fallback) {
  if (!root.boolean("use_sliding_window").value_or(true)) return 0;
  if (root.is_null("sliding_window")) return 0;
  return root.integer("sliding_window", 0, kMaxContext).value_or(fallback);
}

}  // namespace nety::checkpoint
