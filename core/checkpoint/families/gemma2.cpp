// Gemma 2 (2408.00118): norms before and after both blocks, soft caps of scores and logits, and a
// window in every other layer.
#include "core/checkpoint/families/decoder.h"
#include "core/checkpoint/families/gemma.h"
#include "core/checkpoint/families/written.h"
#include "core/checkpoint/family.h"
#include "core/checkpoint/gguf_keys.h"
#include "core/checkpoint/gguf_shape.h"
#include "core/checkpoint/huggingface_shape.h"

namespace nety::checkpoint {
namespace {

constexpr int64_t kPeriod = 2;            // layers to a full one
constexpr int64_t kLayersOfLargest = 46;  // of Gemma 2 27B

ModelConfig as_gemma2(ModelConfig config, int64_t window, const std::vector<bool>& windowed) {
  config = as_gemma(std::move(config));
  config.specs.front().norm_after = true;
  spread_windows(config, window, windowed);
  return config;
}

ModelConfig read_json(const JsonObject& root) {
  ModelConfig config =
      read_shape(root, {.context = 8192,
                        .kv_heads = 4,
                        .head_dim = 256,
                        .tied = true,
                        .activation_key = "hidden_activation",
                        .activation = "gelu_pytorch_tanh",
                        .takes = {"layer_types", "query_pre_attn_scalar", "attn_logit_softcapping",
                                  "final_logit_softcapping"}});
  LayerSpec& spec = config.specs.front();
  spec.score_scale = 1 / std::sqrt(read_positive(root, "query_pre_attn_scalar", 256));
  spec.score_cap = read_cap(root, "attn_logit_softcapping", 50);
  config.logit_cap = read_cap(root, "final_logit_softcapping", 30);
  const std::vector<bool> windowed = windowed_layers(root, config.layers, kPeriod);
  return as_gemma2(std::move(config), read_window(root, 4096), windowed);
}

ModelConfig read_gguf(const GgufKeys& keys) {
  ModelConfig config =
      read_shape(keys, {.takes = {"attn_logit_softcapping", "final_logit_softcapping"}});
  LayerSpec& spec = config.specs.front();
  spec.score_scale = gemma_score_scale(config, kLayersOfLargest);
  spec.score_cap = read_cap(keys, "attn_logit_softcapping", 50);
  config.logit_cap = read_cap(keys, "final_logit_softcapping", 30);
  const int64_t window = spec.window > 0 ? spec.window : 4096;
  return as_gemma2(std::move(config), window, windowed_layers(keys, config.layers, kPeriod));
}

HuggingFaceForm huggingface_form(const ModelConfig& config) {
  const LayerSpec& spec = config.spec(0);
  return {"gemma2",
          "Gemma2ForCausalLM",
          {{"hidden_act", "gelu_pytorch_tanh"},
           {"hidden_activation", "gelu_pytorch_tanh"},
           {"attn_logit_softcapping", or_null(spec.score_cap)},
           {"final_logit_softcapping", or_null(config.logit_cap)},
           {"query_pre_attn_scalar", std::round(1 / (spec.score_scale * spec.score_scale))},
           {"sliding_window", widest_window(config)},
           {"layer_types", layer_types(config)}}};
}

}  // namespace

extern const Family k_gemma2;
const Family k_gemma2 = {
    .name = "gemma2",
    .model_class = "Gemma2ForCausalLM",
    .gguf_architecture = "gemma2",
    .gguf_models = "Gemma 2",
    .tensors =
        [](const ModelConfig& config) {
          return with_norms_less_one(decoder_tensors(config, kGemmaNorms));
        },
    .read_json = read_json,
    .read_gguf = read_gguf,
    .huggingface_form = huggingface_form,
};

}  // namespace nety::checkpoint
