// OLMoE (2409.02060): 64 small experts, norms of whole rows of q and k.
#include "core/checkpoint/families/decoder.h"
#include "core/checkpoint/family.h"
#include "core/checkpoint/gguf_shape.h"
#include "core/checkpoint/huggingface_shape.h"
#include "core/checkpoint/mixture_keys.h"

namespace nety::checkpoint {
namespace {

ModelConfig read_json(const JsonObject& root) {
  ModelConfig config = read_shape(root, {.context = 4096, .eps = 1e-5, .takes = with_experts()});
  config.specs.front().head_norm = HeadNorm::kRow;
  config.qkv_bias = config.o_bias = root.boolean("attention_bias").value_or(false);
  spread_mixture(
      read_mixture(
          root,
          {.experts = 64, .chosen = 8, .ffn_dim = config.ffn_dim, .gating = read_gating(root)}),
      config);
  return config;
}

ModelConfig read_gguf(const GgufKeys& keys) {
  ModelConfig config = read_shape(keys, {.takes = with_experts()});
  config.specs.front().head_norm = HeadNorm::kRow;
  spread_mixture(read_mixture(keys, config.ffn_dim, Gating::kSoftmax), config);
  return config;
}

HuggingFaceForm huggingface_form(const ModelConfig& config) {
  const Mixture& mixture = config.spec(0).mixture;
  return {"olmoe",
          "OlmoeForCausalLM",
          {{"attention_bias", false},
           {"clip_qkv", nullptr},
           {"intermediate_size", mixture.ffn_dim},
           {"norm_topk_prob", mixture.gating == Gating::kSoftmaxRenormalised},
           {"num_experts", mixture.experts},
           {"num_experts_per_tok", mixture.chosen}}};
}

}  // namespace

extern const Family k_olmoe;
const Family k_olmoe = {
    .name = "olmoe",
    .model_class = "OlmoeForCausalLM",
    .gguf_architecture = "olmoe",
    .gguf_models = "OLMoE",
    .tensors = [](const ModelConfig& config) { return decoder_tensors(config); },
    .read_json = read_json,
    .read_gguf = read_gguf,
    .huggingface_form = huggingface_form,
};

}  // namespace nety::checkpoint
