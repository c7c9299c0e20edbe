// EXAONE 4 (2507.11407): norms after both blocks and of each head of q and k; where there are
// windows, the layers without one have no rotary embedding.
#include <string_view>

#include "core/checkpoint/config_check.h"
#include "core/checkpoint/families/decoder.h"
#include "core/checkpoint/families/written.h"
#include "core/checkpoint/family.h"
#include "core/checkpoint/gguf_shape.h"
#include "core/checkpoint/huggingface_shape.h"

namespace nety::checkpoint {
namespace {

constexpr int64_t kPeriod = 4;  // layers to a full one

ModelConfig as_exaone4(ModelConfig config, int64_t window, const std::vector<bool>& windowed) {
  LayerSpec& spec = config.specs.front();
  spec.norm_before = false;
  spec.norm_after = true;
  spec.head_norm = HeadNorm::kHead;
  spec.window = 0;
  if (window == 0) return config;
  spread_windows(config, window, windowed, Rotary::kMain, Rotary::kNone);
  return config;
}

/// "LLLG" or 4: so many layers to a full one.
int64_t read_period(const JsonObject& root) {
  constexpr const char* kKey = "sliding_window_pattern";
  if (root.is_string(kKey)) return static_cast<int64_t>(root.string(kKey)->size());
  return root.integer(kKey, 0, kMaxLayers).value_or(kPeriod);
}

ModelConfig read_json(const JsonObject& root) {
  ModelConfig config =
      read_shape(root, {.context = 2048, .kv_heads = 32, .eps = 1e-5, .takes = {"layer_types"}});
  const int64_t window = read_window(root, 4096);
  const std::vector<bool> windowed = windowed_layers(root, config.layers, read_period(root));
  return as_exaone4(std::move(config), window, windowed);
}

ModelConfig read_gguf(const GgufKeys& keys) {
  ModelConfig config = read_shape(keys);
  const int64_t window = config.specs.front().window;
  const std::vector<bool> windowed = windowed_layers(keys, config.layers, kPeriod);
  return as_exaone4(std::move(config), window, windowed);
}

HuggingFaceForm huggingface_form(const ModelConfig& config) {
  const int64_t window = widest_window(config);
  HuggingFaceForm form = {"exaone4", "Exaone4ForCausalLM", {{"layer_types", layer_types(config)}}};
  if (window > 0) {
    form.keys.push_back({"sliding_window", window});
    form.keys.push_back({"sliding_window_pattern", kPeriod});
  } else {
    form.keys.push_back({"sliding_window", nullptr});
    form.keys.push_back({"sliding_window_pattern", int64_t{0}});
  }
  return form;
}

}  // namespace

extern const Family k_exaone4;
const Family k_exaone4 = {
    .name = "exaone4",
    .model_class = "Exaone4ForCausalLM",
    .gguf_architecture = "exaone4",
    .gguf_models = "EXAONE 4",
    .tensors = [](const ModelConfig& config) { return decoder_tensors(config); },
    .read_json = read_json,
    .read_gguf = read_gguf,
    .huggingface_form = huggingface_form,
};

}  // namespace nety::checkpoint
