// Llama (Touvron et al. 2023; 2407.21783) and what is built like it: SmolLM2, TinyLlama, Vicuna.
// GGUF files call Mistral "llama" too. Names: transformers' modeling_llama.py, and llama.cpp's
// tensor_mapping.py in the gguf package.
#include "core/checkpoint/families/decoder.h"
#include "core/checkpoint/family.h"
#include "core/checkpoint/gguf_keys.h"
#include "core/checkpoint/gguf_shape.h"
#include "core/checkpoint/huggingface_shape.h"
#include "core/checkpoint/json_file.h"
#include "core/checkpoint/refuse.h"

namespace nety::checkpoint {

namespace {

ModelConfig read_json(const JsonObject& root) {
  ModelConfig config = read_shape(root, {.context = 2048});
  config.qkv_bias = config.o_bias = root.boolean("attention_bias").value_or(false);
  config.mlp_bias = root.boolean("mlp_bias").value_or(false);
  return config;
}

ModelConfig read_gguf(const GgufKeys& keys) {
  const std::string experts = keys.own("expert_count");
  if (keys.integer(experts, 0, 1 << 16).value_or(0) > 0)
    refuse(keys.file(), "is a mixture of experts (" + experts + "), which is not supported",
           "Use a dense model of the Llama family.");
  ModelConfig config = read_shape(keys);
  // llama.cpp's converter reorders the rows of q and k for it.
  config.rope.interleaved = config.paired_rows = true;
  config.qkv_bias = config.o_bias = config.mlp_bias = config.optional_biases = true;
  return config;
}

/// A sliding window is Mistral's; everything else of the two families is the same.
HuggingFaceForm huggingface_form(const ModelConfig& config) {
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
    .gguf_models = "Llama 1-3, Mistral, SmolLM2, TinyLlama and others of that kind",
    .tensors = [](const ModelConfig& config) { return decoder_tensors(config); },
    .read_json = read_json,
    .read_gguf = read_gguf,
    .huggingface_form = huggingface_form,
};

}  // namespace nety::checkpoint
