// Gemma 3 (2503.19786), text alone: as Gemma 2 without its caps, with norms of q and k, and most
// layers windowed with a rotary embedding of their own.
#include <optional>

#include "core/checkpoint/config_check.h"
#include "core/checkpoint/families/decoder.h"
#include "core/checkpoint/families/gemma.h"
#include "core/checkpoint/families/written.h"
#include "core/checkpoint/family.h"
#include "core/checkpoint/gguf_keys.h"
#include "core/checkpoint/gguf_shape.h"
#include "core/checkpoint/huggingface_rope.h"
#include "core/checkpoint/huggingface_shape.h"

namespace nety::checkpoint {
namespace {

constexpr int64_t kPeriod = 6;            // layers to a full one
constexpr int64_t kLayersOfLargest = 62;  // of Gemma 3 27B

ModelConfig as_gemma3(ModelConfig config, int64_t window, const std::vector<bool>& windowed) {
  config = as_gemma(std::move(config));
  config.specs.front().norm_after = true;
  config.specs.front().head_norm = HeadNorm::kHead;
  spread_windows(config, window, windowed, Rotary::kLocal, Rotary::kMain);
  return config;
}

ModelConfig read_json(const JsonObject& root) {
  constexpr double kTheta = 1e6, kLocalTheta = 1e4;
  ModelConfig config =
      read_shape(root, {.context = 131072,
                        .kv_heads = 4,
                        .head_dim = 256,
                        .theta = kTheta,
                        .tied = true,
                        .activation_key = "hidden_activation",
                        .activation = "gelu_pytorch_tanh",
                        .takes = {"layer_types", "query_pre_attn_scalar", "attn_logit_softcapping",
                                  "final_logit_softcapping"}});
  LayerSpec& spec = config.specs.front();
  spec.score_scale = 1 / std::sqrt(read_positive(root, "query_pre_attn_scalar", 256));
  spec.score_cap = read_cap(root, "attn_logit_softcapping", 0);
  config.logit_cap = read_cap(root, "final_logit_softcapping", 0);
  const std::optional<Rope> local =
      read_rope_of(root, "sliding_attention",
                   {.context = config.context, .head_dim = config.head_dim, .theta = kLocalTheta});
  if (local)
    config.local_rope = *local;
  else
    config.local_rope.theta = read_positive(root, "rope_local_base_freq", kLocalTheta);
  const int64_t period = root.integer("sliding_window_pattern", 1, kMaxLayers).value_or(kPeriod);
  const std::vector<bool> windowed = windowed_layers(root, config.layers, period);
  return as_gemma3(std::move(config), read_window(root, 4096), windowed);
}

ModelConfig read_gguf(const GgufKeys& keys) {
  ModelConfig config = read_shape(
      keys, {.takes = {"attn_logit_softcapping", "final_logit_softcapping", "rope.freq_base_swa"}});
  LayerSpec& spec = config.specs.front();
  spec.score_scale = gemma_score_scale(config, kLayersOfLargest);
  spec.score_cap = read_cap(keys, "attn_logit_softcapping", 0);
  config.logit_cap = read_cap(keys, "final_logit_softcapping", 0);
  config.local_rope.theta = read_positive(keys, "rope.freq_base_swa", 1e4);
  const int64_t window = spec.window;
  const std::vector<bool> windowed = windowed_layers(keys, config.layers, window > 0 ? kPeriod : 0);
  return as_gemma3(std::move(config), window, windowed);
}

HuggingFaceForm huggingface_form(const ModelConfig& config) {
  const LayerSpec& spec = config.spec(0);
  return {"gemma3_text",
          "Gemma3ForCausalLM",
          {{"hidden_act", "gelu_pytorch_tanh"},
           {"hidden_activation", "gelu_pytorch_tanh"},
           {"attn_logit_softcapping", or_null(spec.score_cap)},
           {"final_logit_softcapping", or_null(config.logit_cap)},
           {"query_pre_attn_scalar", std::round(1 / (spec.score_scale * spec.score_scale))},
           {"sliding_window", widest_window(config)},
           {"layer_types", layer_types(config)},
           {"rope_local_base_freq", config.local_rope.theta}}};
}

}  // namespace

extern const Family k_gemma3;
const Family k_gemma3 = {
    .name = "gemma3_text",
    .model_class = "Gemma3ForCausalLM",
    .gguf_architecture = "gemma3",
    .gguf_models = "Gemma 3",
    .tensors =
        [](const ModelConfig& config) {
          return with_norms_less_one(decoder_tensors(config, kGemmaNorms));
        },
    .read_json = read_json,
    .read_gguf = read_gguf,
    .huggingface_form = huggingface_form,
};

}  // namespace nety::checkpoint
