// Mistral (2310.06825): a Llama whose tokens look back over a window.
#include "core/checkpoint/families/decoder.h"
#include "core/checkpoint/family.h"
#include "core/checkpoint/huggingface_shape.h"
#include "core/checkpoint/json_file.h"

namespace nety::checkpoint {
namespace {

ModelConfig read_json(const JsonObject& root) {
  ModelConfig config = read_shape(root, {.context = 4096 * 32, .kv_heads = 8});
  config.specs.front().window = read_window(root, 4096);
  return config;
}

}  // namespace

extern const Family k_mistral;
const Family k_mistral = {
    .name = "mistral",
    .model_class = "MistralForCausalLM",
    .gguf_architecture = {},
    .gguf_models = {},
    .tensors = [](const ModelConfig& config) { return decoder_tensors(config); },
    .read_json = read_json,
    .read_gguf = nullptr,
    .huggingface_form = nullptr,
};

}  // namespace nety::checkpoint
