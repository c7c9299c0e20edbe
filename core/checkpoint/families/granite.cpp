// Granite 3 (2024): a Llama with four multipliers.
#include <cmath>

#include "core/checkpoint/families/decoder.h"
#include "core/checkpoint/family.h"
#include "core/checkpoint/gguf_shape.h"
#include "core/checkpoint/huggingface_shape.h"

namespace nety::checkpoint {
namespace {

ModelConfig read_json(const JsonObject& root) {
  ModelConfig config = read_shape(root, {.context = 2048,
                                         .takes = {"attention_multiplier", "embedding_multiplier",
                                                   "residual_multiplier", "logits_scaling"}});
  config.qkv_bias = config.o_bias = root.boolean("attention_bias").value_or(false);
  config.mlp_bias = root.boolean("mlp_bias").value_or(false);
  config.specs.front().score_scale = read_positive(root, "attention_multiplier", 1);
  config.specs.front().residual_scale = read_scale(root, "residual_multiplier", 1);
  config.embedding_scale = read_scale(root, "embedding_multiplier", 1);
  config.logit_scale = 1 / read_scale(root, "logits_scaling", 1);
  return config;
}

ModelConfig read_gguf(const GgufKeys& keys) {
  ModelConfig config = read_shape(
      keys, {.takes = {"attention.scale", "residual_scale", "embedding_scale", "logit_scale"}});
  config.rope.interleaved = config.paired_rows = true;
  config.qkv_bias = config.o_bias = config.mlp_bias = config.optional_biases = true;
  config.specs.front().score_scale = read_cap(keys, "attention.scale", 0);
  config.specs.front().residual_scale = read_scale(keys, "residual_scale", 1);
  config.embedding_scale = read_scale(keys, "embedding_scale", 1);
  config.logit_scale = 1 / read_scale(keys, "logit_scale", 1);
  return config;
}

HuggingFaceForm huggingface_form(const ModelConfig& config) {
  const LayerSpec& spec = config.spec(0);
  const double scale = spec.score_scale != 0 ? spec.score_scale
                                             : 1 / std::sqrt(static_cast<double>(config.head_dim));
  return {"granite",
          "GraniteForCausalLM",
          {{"attention_bias", config.qkv_bias || config.o_bias},
           {"mlp_bias", config.mlp_bias},
           {"attention_multiplier", scale},
           {"residual_multiplier", spec.residual_scale},
           {"embedding_multiplier", config.embedding_scale},
           {"logits_scaling", 1 / config.logit_scale}}};
}

}  // namespace

extern const Family k_granite;
const Family k_granite = {
    .name = "granite",
    .model_class = "GraniteForCausalLM",
    .gguf_architecture = "granite",
    .gguf_models = "Granite 3",
    .tensors = [](const ModelConfig& config) { return decoder_tensors(config); },
    .read_json = read_json,
    .read_gguf = read_gguf,
    .huggingface_form = huggingface_form,
};

}  // namespace nety::checkpoint
