// Granite 3 (2024): a Llama with four multipliers.
#include "core/checkpoint/families/granite.h"

#include "core/checkpoint/families/decoder.h"

namespace nety::checkpoint {
namespace {

ModelConfig read_json(const JsonObject& root) {
  ModelConfig config = read_shape(root, {.context = 2048, .takes = granite_keys()});
  config.qkv_bias = config.o_bias = root.boolean("attention_bias").value_or(false);
  config.mlp_bias = root.boolean("mlp_bias").value_or(false);
  read_multipliers(root, config);
  return config;
}

ModelConfig read_gguf(const GgufKeys& keys) {
  ModelConfig config = read_shape(keys, {.takes = granite_keys()});
  config.rope.interleaved = config.paired_rows = true;
  config.qkv_bias = config.o_bias = config.mlp_bias = config.optional_biases = true;
  read_multipliers(keys, config);
  return config;
}

HuggingFaceForm huggingface_form(const ModelConfig& config) {
  HuggingFaceForm form = {
      "granite",
      "GraniteForCausalLM",
      {{"attention_bias", config.qkv_bias || config.o_bias}, {"mlp_bias", config.mlp_bias}}};
  write_multipliers(config, form);
  return form;
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
