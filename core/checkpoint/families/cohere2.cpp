// Command R7B (Cohere 2, 2024): LayerNorm, both blocks side by side, a window in most layers, and a
// rotary embedding, in adjacent pairs, only there.
#include "core/checkpoint/config_check.h"
#include "core/checkpoint/families/decoder.h"
#include "core/checkpoint/families/written.h"
#include "core/checkpoint/family.h"
#include "core/checkpoint/gguf_keys.h"
#include "core/checkpoint/gguf_shape.h"
#include "core/checkpoint/huggingface_shape.h"

namespace nety::checkpoint {
namespace {

constexpr int64_t kPeriod = 4;  // layers to a full one

ModelConfig as_cohere2(ModelConfig config, int64_t window, const std::vector<bool>& windowed) {
  config.layer_norms = true;
  config.rope.interleaved = true;
  config.specs.front().parallel = true;
  spread_windows(config, window, windowed, Rotary::kMain, Rotary::kNone);
  return config;
}

ModelConfig read_json(const JsonObject& root) {
  ModelConfig config = read_shape(root, {.context = 8192,
                                         .eps = 1e-5,
                                         .tied = true,
                                         .eps_key = "layer_norm_eps",
                                         .takes = {"layer_types", "logit_scale"}});
  config.qkv_bias = config.o_bias = root.boolean("attention_bias").value_or(false);
  config.logit_scale = read_scale(root, "logit_scale", 0.0625);
  const int64_t period = root.integer("sliding_window_pattern", 1, kMaxLayers).value_or(kPeriod);
  const std::vector<bool> windowed = windowed_layers(root, config.layers, period);
  return as_cohere2(std::move(config), read_window(root, 4096), windowed);
}

ModelConfig read_gguf(const GgufKeys& keys) {
  ModelConfig config =
      read_shape(keys, {.eps_key = "attention.layer_norm_epsilon", .takes = {"logit_scale"}});
  config.logit_scale = read_scale(keys, "logit_scale", 1);
  const int64_t window = config.specs.front().window;
  const std::vector<bool> windowed = windowed_layers(keys, config.layers, kPeriod);
  return as_cohere2(std::move(config), window, windowed);
}

HuggingFaceForm huggingface_form(const ModelConfig& config) {
  return {"cohere2",
          "Cohere2ForCausalLM",
          {{"layer_norm_eps", config.rms_eps},
           {"logit_scale", config.logit_scale},
           {"sliding_window", widest_window(config)},
           {"layer_types", layer_types(config)}}};
}

}  // namespace

extern const Family k_cohere2;
const Family k_cohere2 = {
    .name = "cohere2",
    .model_class = "Cohere2ForCausalLM",
    .gguf_architecture = "cohere2",
    .gguf_models = "Command R7B",
    .tensors = [](const ModelConfig& config) { return decoder_tensors(config); },
    .read_json = read_json,
    .read_gguf = read_gguf,
    .huggingface_form = huggingface_form,
};

}  // namespace nety::checkpoint
