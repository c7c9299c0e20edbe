// Ministral (2024): a Mistral whose window is in the layers that the file says.
#include "core/checkpoint/families/decoder.h"
#include "core/checkpoint/family.h"
#include "core/checkpoint/huggingface_shape.h"

namespace nety::checkpoint {
namespace {

ModelConfig read_json(const JsonObject& root) {
  ModelConfig config =
      read_shape(root, {.context = 4096 * 32, .kv_heads = 8, .takes = {"layer_types"}});
  const int64_t window = read_window(root, 4096);
  std::vector<bool> windowed(static_cast<size_t>(config.layers), window > 0);
  if (root.has("layer_types")) windowed = windowed_layers(root, config.layers, 0);
  spread_windows(config, window, windowed);
  return config;
}

}  // namespace

extern const Family k_ministral;
const Family k_ministral = {
    .name = "ministral",
    .model_class = "MinistralForCausalLM",
    .gguf_architecture = {},
    .gguf_models = {},
    .tensors = [](const ModelConfig& config) { return decoder_tensors(config); },
    .read_json = read_json,
    .read_gguf = nullptr,
    .huggingface_form = nullptr,
};

}  // namespace nety::checkpoint
