// Qwen2 and Qwen2.5 (2407.10671): a Llama with biases on queries, keys and values alone. GGUF files
// keep transformers' order of rows.
#include "core/checkpoint/families/decoder.h"
#include "core/checkpoint/family.h"
#include "core/checkpoint/gguf_shape.h"
#include "core/checkpoint/huggingface_shape.h"

namespace nety::checkpoint {
namespace {

ModelConfig read_json(const JsonObject& root) {
  ModelConfig config =
      read_shape(root, {.context = 32768, .kv_heads = 32, .takes = {"layer_types"}});
  config.qkv_bias = true;
  read_late_window(root, config);
  return config;
}

ModelConfig read_gguf(const GgufKeys& keys) {
  ModelConfig config = read_shape(keys);
  config.qkv_bias = true;
  return config;
}

HuggingFaceForm huggingface_form(const ModelConfig& config) {
  const int64_t window = config.spec(0).window;
  if (window == 0) return {"qwen2", "Qwen2ForCausalLM", {{"use_sliding_window", false}}};
  return {"qwen2",
          "Qwen2ForCausalLM",
          {{"use_sliding_window", true},
           {"sliding_window", window},
           {"max_window_layers", int64_t{0}}}};
}

}  // namespace

extern const Family k_qwen2;
const Family k_qwen2 = {
    .name = "qwen2",
    .model_class = "Qwen2ForCausalLM",
    .gguf_architecture = "qwen2",
    .gguf_models = "Qwen2 and Qwen2.5",
    .tensors = [](const ModelConfig& config) { return decoder_tensors(config); },
    .read_json = read_json,
    .read_gguf = read_gguf,
    .huggingface_form = huggingface_form,
};

}  // namespace nety::checkpoint
