// gpt-oss (2508.10925): attention with sinks and biases, a window in every other layer, yarn, and
// experts with biases and a clamped activation, which directories have as stacks turned around.
#include "core/checkpoint/config_check.h"
#include "core/checkpoint/families/decoder.h"
#include "core/checkpoint/families/written.h"
#include "core/checkpoint/family.h"
#include "core/checkpoint/gguf_shape.h"
#include "core/checkpoint/huggingface_shape.h"
#include "core/checkpoint/mixture_keys.h"

namespace nety::checkpoint {
namespace {

constexpr int64_t kPeriod = 2;  // layers to a full one
constexpr double kLimit = 7;    // of the activation, in all models

ModelConfig as_gpt_oss(ModelConfig config, double limit, int64_t window,
                       const std::vector<bool>& windowed) {
  config.qkv_bias = config.o_bias = true;
  LayerSpec& spec = config.specs.front();
  spec.sinks = true;
  spec.nonlinearity = Nonlinearity::kClampedSilu;
  spec.clamp = limit;
  spec.mixture.biased = true;
  spread_windows(config, window, windowed);
  return config;
}

ModelConfig read_json(const JsonObject& root) {
  ModelConfig config = read_shape(root, {.context = 131072,
                                         .kv_heads = 8,
                                         .head_dim = 64,
                                         .eps = 1e-5,
                                         .theta = 150000,
                                         .takes = with_experts({"layer_types"})});
  spread_mixture(read_mixture(root, {.experts = 128,
                                     .chosen = 4,
                                     .ffn_dim = config.ffn_dim,
                                     .gating = Gating::kSoftmaxOfChosen}),
                 config);
  const std::vector<bool> windowed = windowed_layers(root, config.layers, kPeriod);
  config = as_gpt_oss(std::move(config), read_positive(root, "swiglu_limit", kLimit),
                      read_window(root, 128), windowed);
  config.qkv_bias = config.o_bias = root.boolean("attention_bias").value_or(true);
  return config;
}

ModelConfig read_gguf(const GgufKeys& keys) {
  ModelConfig config = read_shape(keys, {.takes = with_experts()});
  spread_mixture(read_mixture(keys, config.ffn_dim, Gating::kSoftmaxOfChosen), config);
  const int64_t window = config.specs.front().window;
  const std::vector<bool> windowed = windowed_layers(keys, config.layers, kPeriod);
  return as_gpt_oss(std::move(config), kLimit, window, windowed);
}

HuggingFaceForm huggingface_form(const ModelConfig& config) {
  const LayerSpec& spec = config.spec(0);
  return {"gpt_oss",
          "GptOssForCausalLM",
          {{"attention_bias", true},
           {"intermediate_size", spec.mixture.ffn_dim},
           {"layer_types", layer_types(config)},
           {"num_local_experts", spec.mixture.experts},
           {"num_experts_per_tok", spec.mixture.chosen},
           {"sliding_window", widest_window(config)},
           {"swiglu_limit", spec.clamp}}};
}

std::vector<TensorInfo> tensors(const ModelConfig& config) {
  return decoder_tensors(config, {.gguf_before_mlp = "post_attention_norm"}, {},
                         {.router = "mlp.router",
                          .gate_up_stack = "mlp.experts.gate_up_proj",
                          .down_stack = "mlp.experts.down_proj",
                          .form = ExpertNames::Form::kTurned});
}

}  // namespace

extern const Family k_gpt_oss;
const Family k_gpt_oss = {
    .name = "gpt_oss",
    .model_class = "GptOssForCausalLM",
    .gguf_architecture = "gpt-oss",
    .gguf_models = "gpt-oss",
    .tensors = tensors,
    .read_json = read_json,
    .read_gguf = read_gguf,
    .huggingface_form = huggingface_form,
};

}  // namespace nety::checkpoint
