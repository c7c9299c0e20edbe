// GLM-4 (2406.12793, as of 0414): half of each head rotated in adjacent pairs, norms before and
// after both blocks, gate and candidate in one weight.
#include "core/checkpoint/families/decoder.h"
#include "core/checkpoint/family.h"
#include "core/checkpoint/gguf_shape.h"
#include "core/checkpoint/huggingface_shape.h"

namespace nety::checkpoint {
namespace {

constexpr NormNames kNorms = {.before_attention = "input_layernorm",
                              .after_attention = "post_self_attn_layernorm",
                              .before_mlp = "post_attention_layernorm",
                              .after_mlp = "post_mlp_layernorm"};

ModelConfig as_glm4(ModelConfig config) {
  config.specs.front().norm_after = true;
  config.rope.interleaved = true;
  return config;
}

ModelConfig read_json(const JsonObject& root) {
  ModelConfig config = as_glm4(read_shape(root, {.context = 131072,
                                                 .kv_heads = 2,
                                                 .head_dim = 128,
                                                 .eps = 1.5625e-7,
                                                 .rotated = 0.5,
                                                 .takes = {"partial_rotary_factor"}}));
  config.qkv_bias = root.boolean("attention_bias").value_or(false);
  return config;
}

ModelConfig read_gguf(const GgufKeys& keys) {
  ModelConfig config = as_glm4(read_shape(keys, {.partial_rotary = true}));
  config.qkv_bias = config.optional_biases = true;
  return config;
}

HuggingFaceForm huggingface_form(const ModelConfig& config) {
  return {"glm4",
          "Glm4ForCausalLM",
          {{"attention_bias", config.qkv_bias},
           {"partial_rotary_factor", static_cast<double>(config.rope.rotated_of(config.head_dim)) /
                                         static_cast<double>(config.head_dim)}}};
}

}  // namespace

extern const Family k_glm4;
const Family k_glm4 = {
    .name = "glm4",
    .model_class = "Glm4ForCausalLM",
    .gguf_architecture = "glm4",
    .gguf_models = "GLM-4",
    .tensors =
        [](const ModelConfig& config) {
          return decoder_tensors(config, kNorms, {.gate_up = true});
        },
    .read_json = read_json,
    .read_gguf = read_gguf,
    .huggingface_form = huggingface_form,
};

}  // namespace nety::checkpoint
