// OLMo 2 (2501.00656). GGUF files of OLMo 3 say "olmo2" too, and have a window.
#include "core/checkpoint/families/decoder.h"
#include "core/checkpoint/families/olmo.h"
#include "core/checkpoint/families/written.h"
#include "core/checkpoint/family.h"
#include "core/checkpoint/gguf_shape.h"
#include "core/checkpoint/huggingface_shape.h"

namespace nety::checkpoint {
namespace {

ModelConfig read_json(const JsonObject& root) {
  ModelConfig config = as_olmo2(read_shape(root, {.context = 2048, .eps = 1e-5}));
  config.qkv_bias = config.o_bias = root.boolean("attention_bias").value_or(false);
  return config;
}

ModelConfig read_gguf(const GgufKeys& keys) {
  ModelConfig config = as_olmo2(read_shape(keys));
  const int64_t window = config.specs.front().window;
  if (window == 0) return config;
  const std::vector<bool> windowed = windowed_layers(keys, config.layers, kOlmo3Period);
  return with_windows(std::move(config), window, windowed);
}

HuggingFaceForm huggingface_form(const ModelConfig& config) {
  const int64_t window = widest_window(config);
  if (window == 0) return {"olmo2", "Olmo2ForCausalLM", {{"attention_bias", false}}};
  return {"olmo3",
          "Olmo3ForCausalLM",
          {{"attention_bias", false},
           {"sliding_window", window},
           {"layer_types", layer_types(config)}}};
}

}  // namespace

extern const Family k_olmo2;
const Family k_olmo2 = {
    .name = "olmo2",
    .model_class = "Olmo2ForCausalLM",
    .gguf_architecture = "olmo2",
    .gguf_models = "OLMo 2 and 3",
    .tensors = [](const ModelConfig& config) { return decoder_tensors(config); },
    .read_json = read_json,
    .read_gguf = read_gguf,
    .huggingface_form = huggingface_form,
};

}  // namespace nety::checkpoint
