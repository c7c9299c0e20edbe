// Qwen3's mixtures of experts (2505.09388): Qwen3 with a mixture in all layers but those that are
// said to be dense.
#include <algorithm>

#include "core/checkpoint/config_check.h"
#include "core/checkpoint/families/decoder.h"
#include "core/checkpoint/family.h"
#include "core/checkpoint/gguf_shape.h"
#include "core/checkpoint/huggingface_shape.h"
#include "core/checkpoint/mixture_keys.h"

namespace nety::checkpoint {
namespace {

/// A mixture in every `decoder_sparse_step`-th layer that `mlp_only_layers` does not name.
void place_mixtures(const JsonObject& root, const Mixture& mixture, ModelConfig& config) {
  const int64_t step = root.integer("decoder_sparse_step", 1, kMaxLayers).value_or(1);
  const std::vector<int64_t> dense = root.integers("mlp_only_layers", 0, kMaxLayers);
  std::vector<bool> sparse;
  for (int64_t l = 0; l < config.layers; ++l)
    sparse.push_back((l + 1) % step == 0 && std::ranges::find(dense, l) == dense.end());
  if (std::ranges::find(sparse, false) != sparse.end()) spread_specs(config);
  for (size_t l = 0; l < config.specs.size(); ++l)
    if (sparse[l]) config.specs[l].mixture = mixture;
}

ModelConfig read_json(const JsonObject& root) {
  ModelConfig config = read_shape(root, {.context = 32768, .kv_heads = 4, .takes = with_experts()});
  config.specs.front().head_norm = HeadNorm::kHead;
  config.qkv_bias = config.o_bias = root.boolean("attention_bias").value_or(false);
  if (root.boolean("use_sliding_window").value_or(false))
    config.specs.front().window = read_window(root, 4096);
  place_mixtures(
      root,
      read_mixture(root,
                   {.experts = 128,
                    .chosen = 8,
                    .ffn_dim = root.integer("moe_intermediate_size", 1, kMaxFfnDim).value_or(768),
                    .gating = read_gating(root)}),
      config);
  return config;
}

ModelConfig read_gguf(const GgufKeys& keys) {
  ModelConfig config = read_shape(keys, {.takes = with_experts()});
  config.specs.front().head_norm = HeadNorm::kHead;
  // What the files do not say is so in all models that were published as GGUF.
  spread_mixture(read_mixture(keys, config.ffn_dim, Gating::kSoftmaxRenormalised), config);
  return config;
}

HuggingFaceForm huggingface_form(const ModelConfig& config) {
  const Mixture& mixture = config.spec(0).mixture;
  return {"qwen3_moe",
          "Qwen3MoeForCausalLM",
          {{"attention_bias", false},
           {"decoder_sparse_step", int64_t{1}},
           {"mlp_only_layers", std::vector<int64_t>{}},
           {"moe_intermediate_size", mixture.ffn_dim},
           {"norm_topk_prob", mixture.gating == Gating::kSoftmaxRenormalised},
           {"num_experts", mixture.experts},
           {"num_experts_per_tok", mixture.chosen},
           {"sliding_window", nullptr},
           {"use_sliding_window", false}}};
}

}  // namespace

extern const Family k_qwen3_moe;
const Family k_qwen3_moe = {
    .name = "qwen3_moe",
    .model_class = "Qwen3MoeForCausalLM",
    .gguf_architecture = "qwen3moe",
    .gguf_models = "Qwen3's mixtures of experts",
    .tensors = [](const ModelConfig& config) { return decoder_tensors(config); },
    .read_json = read_json,
    .read_gguf = read_gguf,
    .huggingface_form = huggingface_form,
};

}  // namespace nety::checkpoint
