// Qwen3 (2505.09388): a Llama that normalises each head of q and k before rotating it, and whose
// heads need not add up to the model's width.
#include "core/checkpoint/families/decoder.h"
#include "core/checkpoint/family.h"
#include "core/checkpoint/gguf_shape.h"
#include "core/checkpoint/huggingface_shape.h"

namespace nety::checkpoint {
namespace {

ModelConfig read_json(const JsonObject& root) {
  ModelConfig config = read_shape(
      root, {.context = 32768, .kv_heads = 32, .head_dim = 128, .takes = {"layer_types"}});
  config.specs.front().head_norm = HeadNorm::kHead;
  config.qkv_bias = config.o_bias = root.boolean("attention_bias").value_or(false);
  read_late_window(root, config);
  return config;
}

ModelConfig read_gguf(const GgufKeys& keys) {
  ModelConfig config = read_shape(keys);
  config.specs.front().head_norm = HeadNorm::kHead;
  return config;
}

HuggingFaceForm huggingface_form(const ModelConfig&) {
  return {"qwen3",
          "Qwen3ForCausalLM",
          {{"attention_bias", false}, {"sliding_window", nullptr}, {"use_sliding_window", false}}};
}

}  // namespace

extern const Family k_qwen3;
const Family k_qwen3 = {
    .name = "qwen3",
    .model_class = "Qwen3ForCausalLM",
    .gguf_architecture = "qwen3",
    .gguf_models = "Qwen3",
    .tensors = [](const ModelConfig& config) { return decoder_tensors(config); },
    .read_json = read_json,
    .read_gguf = read_gguf,
    .huggingface_form = huggingface_form,
};

}  // namespace nety::checkpoint
