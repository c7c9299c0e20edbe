// OLMo 3 (2025): OLMo 2 with a window in most layers, whose rotary embedding is not scaled.
#include "core/checkpoint/families/decoder.h"
#include "core/checkpoint/families/olmo.h"
#include "core/checkpoint/family.h"
#include "core/checkpoint/huggingface_rope.h"

namespace nety::checkpoint {
namespace {

ModelConfig read_json(const JsonObject& root) {
  ModelConfig config =
      as_olmo2(read_shape(root, {.context = 65536, .eps = 1e-5, .takes = {"layer_types"}}));
  config.qkv_bias = config.o_bias = root.boolean("attention_bias").value_or(false);
  const std::vector<bool> windowed = windowed_layers(root, config.layers, kOlmo3Period);
  config = with_windows(std::move(config), read_window(root, 4096), windowed);
  if (const std::optional<Rope> local =
          read_rope_of(root, "sliding_attention",
                       {.context = config.context, .head_dim = config.head_dim, .theta = 500000}))
    config.local_rope = *local;
  return config;
}

}  // namespace

extern const Family k_olmo3;
const Family k_olmo3 = {
    .name = "olmo3",
    .model_class = "Olmo3ForCausalLM",
    .gguf_architecture = {},
    .gguf_models = {},
    .tensors = [](const ModelConfig& config) { return decoder_tensors(config); },
    .read_json = read_json,
    .read_gguf = nullptr,
    .huggingface_form = nullptr,
};

}  // namespace nety::checkpoint
