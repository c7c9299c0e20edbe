// Ministral 3 (2025): a Mistral with yarn, whose queries grow with their positions.
#include <optional>

#include "core/checkpoint/families/decoder.h"
#include "core/checkpoint/family.h"
#include "core/checkpoint/gguf_keys.h"
#include "core/checkpoint/gguf_shape.h"
#include "core/checkpoint/huggingface_shape.h"

namespace nety::checkpoint {
namespace {

ModelConfig with_growth(ModelConfig config, double growth) {
  LayerSpec& spec = config.specs.front();
  spec.query_growth = growth;
  spec.query_period =
      config.rope.original_context > 0 ? config.rope.original_context : config.context;
  return config;
}

ModelConfig read_json(const JsonObject& root) {
  ModelConfig config = read_shape(root, {.context = 262144,
                                         .kv_heads = 8,
                                         .head_dim = 128,
                                         .eps = 1e-5,
                                         .takes = {"llama_4_scaling_beta"}});
  config.specs.front().window = read_window(root, 0);
  const std::optional<JsonObject> rope = root.object("rope_parameters");
  return with_growth(std::move(config), rope ? read_cap(*rope, "llama_4_scaling_beta", 0) : 0);
}

ModelConfig read_gguf(const GgufKeys& keys) {
  ModelConfig config = read_shape(keys, {.takes = {"attention.temperature_scale"}});
  config.rope.interleaved = config.paired_rows = true;
  return with_growth(std::move(config), read_cap(keys, "attention.temperature_scale", 0));
}

HuggingFaceForm huggingface_form(const ModelConfig&) {
  return {"ministral3", "Ministral3ForCausalLM", {{"sliding_window", nullptr}}};
}

}  // namespace

extern const Family k_ministral3;
const Family k_ministral3 = {
    .name = "ministral3",
    .model_class = "Ministral3ForCausalLM",
    .gguf_architecture = "mistral3",
    .gguf_models = "Ministral 3",
    .tensors = [](const ModelConfig& config) { return decoder_tensors(config); },
    .read_json = read_json,
    .read_gguf = read_gguf,
    .huggingface_form = huggingface_form,
};

}  // namespace nety::checkpoint
