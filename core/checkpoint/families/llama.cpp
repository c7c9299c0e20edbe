// Llama (Touvron et al. 2023; 2407.21783) and what is built like it: SmolLM2, TinyLlama, Vicuna.
// GGUF files call Mistral and Mixtral "llama" too. Names: transformers' modeling_llama.py, and
// llama.cpp's tensor_mapping.py in the gguf package.
#include "core/checkpoint/families/mixtral.h"
#include "core/checkpoint/families/written.h"
#include "core/checkpoint/family.h"
#include "core/checkpoint/gguf_keys.h"
#include "core/checkpoint/gguf_shape.h"
#include "core/checkpoint/huggingface_shape.h"
#include "core/checkpoint/json_file.h"

namespace nety::checkpoint {

namespace {

ModelConfig read_json(const JsonObject& root) {
  ModelConfig config = read_shape(root, {.context = 2048});
  config.qkv_bias = config.o_bias = root.boolean("attention_bias").value_or(false);
  config.mlp_bias = root.boolean("mlp_bias").value_or(false);
  return config;
}

ModelConfig read_gguf(const GgufKeys& keys) {
  ModelConfig config = read_shape(keys, {.takes = with_experts()});
  // Mixtral's files. Some converters write 0 for a dense model.
  if (keys.number(keys.own(kGgufExpertCount)).value_or(0) != 0)
    spread_mixture(read_mixture(keys, config.ffn_dim, Gating::kSoftmaxRenormalised), config);
  // llama.cpp's converter reorders the rows of q and k for it.
  config.rope.interleaved = config.paired_rows = true;
  config.qkv_bias = config.o_bias = config.mlp_bias = config.optional_biases = true;
  return config;
}

/// A sliding window is Mistral's, experts are Mixtral's; everything else is the same.
HuggingFaceForm huggingface_form(const ModelConfig& config) {
  if (const Mixture& mixture = config.spec(0).mixture; mixture.experts > 0)
    return {"mixtral",
            "MixtralForCausalLM",
            {{"intermediate_size", mixture.ffn_dim},
             {"num_local_experts", mixture.experts},
             {"num_experts_per_tok", mixture.chosen},
             {"sliding_window", or_none(config.spec(0).window)}}};
  if (const int64_t window = config.spec(0).window; window > 0)
    return {"mistral", "MistralForCausalLM", {{"sliding_window", window}}};
  return {"llama",
          "LlamaForCausalLM",
          {{"attention_bias", config.qkv_bias || config.o_bias}, {"mlp_bias", config.mlp_bias}}};
}

}  // namespace

extern const Family k_llama;
const Family k_llama = {
    .name = "llama",
    .model_class = "LlamaForCausalLM",
    .gguf_architecture = "llama",
    .gguf_models = "Llama 1-3, Mistral, Mixtral, SmolLM2, TinyLlama and others of that kind",
    .tensors = mixtral_tensors,
    .read_json = read_json,
    .read_gguf = read_gguf,
    .huggingface_form = huggingface_form,
};

}  // namespace nety::checkpoint
