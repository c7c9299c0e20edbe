// SmolLM3 (2025): a Llama with no rotary embedding in every fourth layer.
#include <string>

#include "core/checkpoint/config_check.h"
#include "core/checkpoint/families/decoder.h"
#include "core/checkpoint/family.h"
#include "core/checkpoint/gguf_shape.h"
#include "core/checkpoint/huggingface_shape.h"
#include "core/checkpoint/refuse.h"

namespace nety::checkpoint {
namespace {

constexpr int64_t kInterval = 4;

void leave_out_rotations(ModelConfig& config, const std::vector<int64_t>& rotated) {
  spread_specs(config);
  for (size_t l = 0; l < rotated.size(); ++l)
    config.specs[l].rotary = rotated[l] != 0 ? Rotary::kMain : Rotary::kNone;
}

std::vector<int64_t> every_but(int64_t interval, int64_t layers) {
  std::vector<int64_t> rotated;
  for (int64_t l = 0; l < layers; ++l) rotated.push_back((l + 1) % interval != 0 ? 1 : 0);
  return rotated;
}

ModelConfig read_json(const JsonObject& root) {
  ModelConfig config = read_shape(
      root,
      {.context = 32768, .kv_heads = 4, .theta = 2e6, .tied = true, .takes = {"no_rope_layers"}});
  if (root.boolean("use_sliding_window").value_or(false))
    root.refuse_value("use_sliding_window",
                      "false (a window is not supported in this architecture)");
  config.qkv_bias = config.o_bias = root.boolean("attention_bias").value_or(false);
  config.mlp_bias = root.boolean("mlp_bias").value_or(false);
  std::vector<int64_t> rotated = root.integers("no_rope_layers", 0, 1);
  if (rotated.empty())
    rotated = every_but(root.integer("no_rope_layer_interval", 1, kMaxLayers).value_or(kInterval),
                        config.layers);
  if (static_cast<int64_t>(rotated.size()) != config.layers)
    refuse(root.file(), "\"no_rope_layers\" has " + std::to_string(rotated.size()) +
                            " layers, \"num_hidden_layers\" is " + std::to_string(config.layers));
  leave_out_rotations(config, rotated);
  return config;
}

ModelConfig read_gguf(const GgufKeys& keys) {
  ModelConfig config = read_shape(keys);
  config.rope.interleaved = config.paired_rows = true;
  config.qkv_bias = config.o_bias = config.mlp_bias = config.optional_biases = true;
  leave_out_rotations(config, every_but(kInterval, config.layers));
  return config;
}

HuggingFaceForm huggingface_form(const ModelConfig& config) {
  std::vector<int64_t> rotated;
  for (const LayerSpec& spec : config.specs)
    rotated.push_back(spec.rotary == Rotary::kNone ? 0 : 1);
  return {"smollm3",
          "SmolLM3ForCausalLM",
          {{"attention_bias", config.qkv_bias || config.o_bias},
           {"mlp_bias", config.mlp_bias},
           {"no_rope_layer_interval", kInterval},
           {"no_rope_layers", rotated},
           {"use_sliding_window", false}}};
}

}  // namespace

extern const Family k_smollm3;
const Family k_smollm3 = {
    .name = "smollm3",
    .model_class = "SmolLM3ForCausalLM",
    .gguf_architecture = "smollm3",
    .gguf_models = "SmolLM3",
    .tensors = [](const ModelConfig& config) { return decoder_tensors(config); },
    .read_json = read_json,
    .read_gguf = read_gguf,
    .huggingface_form = huggingface_form,
};

}  // namespace nety::checkpoint
