// StarCoder 2 (2402.19173): LayerNorm and biases everywhere, and a feed-forward network without a
// gate.
#include "core/checkpoint/families/decoder.h"
#include "core/checkpoint/family.h"
#include "core/checkpoint/gguf_shape.h"
#include "core/checkpoint/huggingface_shape.h"

namespace nety::checkpoint {
namespace {

ModelConfig as_starcoder2(ModelConfig config) {
  config.layer_norms = config.norm_biases = true;
  config.specs.front().gated = false;
  config.specs.front().nonlinearity = Nonlinearity::kGeluTanh;
  return config;
}

ModelConfig read_json(const JsonObject& root) {
  ModelConfig config = as_starcoder2(read_shape(root, {.context = 4096,
                                                       .kv_heads = 2,
                                                       .eps = 1e-5,
                                                       .tied = true,
                                                       .eps_key = "norm_epsilon",
                                                       .activation = "gelu_pytorch_tanh"}));
  config.qkv_bias = config.o_bias = config.mlp_bias = root.boolean("use_bias").value_or(true);
  config.specs.front().window = read_window(root, 0);
  return config;
}

ModelConfig read_gguf(const GgufKeys& keys) {
  ModelConfig config = as_starcoder2(read_shape(keys, {.eps_key = "attention.layer_norm_epsilon"}));
  config.qkv_bias = config.o_bias = config.mlp_bias = config.optional_biases = true;
  return config;
}

HuggingFaceForm huggingface_form(const ModelConfig& config) {
  HuggingFaceForm form = {"starcoder2",
                          "Starcoder2ForCausalLM",
                          {{"hidden_act", "gelu_pytorch_tanh"},
                           {"norm_epsilon", config.rms_eps},
                           {"use_bias", config.qkv_bias || config.o_bias || config.mlp_bias}}};
  if (const int64_t window = config.spec(0).window; window > 0)
    form.keys.push_back({"sliding_window", window});
  else
    form.keys.push_back({"sliding_window", nullptr});
  return form;
}

}  // namespace

extern const Family k_starcoder2;
const Family k_starcoder2 = {
    .name = "starcoder2",
    .model_class = "Starcoder2ForCausalLM",
    .gguf_architecture = "starcoder2",
    .gguf_models = "StarCoder 2",
    .tensors = [](const ModelConfig& config) { return decoder_tensors(config); },
    .read_json = read_json,
    .read_gguf = read_gguf,
    .huggingface_form = huggingface_form,
};

}  // namespace nety::checkpoint
