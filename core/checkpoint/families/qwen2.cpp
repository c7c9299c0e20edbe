// Qwen2 and Qwen2.5 (2407.10671): a Llama with biases on queries, keys and values alone. GGUF files
// keep transformers' order of rows.
#include <string>

#include "core/checkpoint/config_check.h"
#include "core/checkpoint/families/llama.h"
#include "core/checkpoint/family.h"
#include "core/checkpoint/gguf_shape.h"
#include "core/checkpoint/huggingface_shape.h"
#include "core/checkpoint/refuse.h"

namespace nety::checkpoint {
namespace {

/// The window, which layers from max_window_layers on have.
int64_t window_of(const JsonObject& root, int64_t layers) {
  if (!root.boolean("use_sliding_window").value_or(false)) return 0;
  const int64_t window = read_window(root, 4096);
  const int64_t first = root.integer("max_window_layers", 0, kMaxLayers).value_or(28);
  if (window == 0 || first >= layers) return 0;
  if (first > 0)
    refuse(root.file(),
           "has a sliding window from layer " + std::to_string(first) +
               " on (max_window_layers), which is not supported",
           "Supported are models whose layers are all alike.");
  return window;
}

ModelConfig read_json(const JsonObject& root) {
  ModelConfig config = read_shape(root, {.context = 32768, .kv_heads = 32});
  config.qkv_bias = true;
  config.sliding_window = window_of(root, config.layers);
  return config;
}

ModelConfig read_gguf(const GgufKeys& keys) {
  ModelConfig config = read_shape(keys);
  config.qkv_bias = true;
  return config;
}

HuggingFaceForm huggingface_form(const ModelConfig& config) {
  if (config.sliding_window == 0)
    return {"qwen2", "Qwen2ForCausalLM", {{"use_sliding_window", false}}};
  return {"qwen2",
          "Qwen2ForCausalLM",
          {{"use_sliding_window", true},
           {"sliding_window", config.sliding_window},
           {"max_window_layers", int64_t{0}}}};
}

}  // namespace

extern const Family k_qwen2;
const Family k_qwen2 = {
    .name = "qwen2",
    .model_class = "Qwen2ForCausalLM",
    .gguf_architecture = "qwen2",
    .gguf_models = "Qwen2 and Qwen2.5",
    .tensors = llama_tensors,
    .read_json = read_json,
    .read_gguf = read_gguf,
    .huggingface_form = huggingface_form,
};

}  // namespace nety::checkpoint
