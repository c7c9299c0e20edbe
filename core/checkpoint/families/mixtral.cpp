// Mixtral (2401.04088): Mistral with experts. GGUF files say "llama".
#include "core/checkpoint/families/mixtral.h"

#include "core/checkpoint/family.h"
#include "core/checkpoint/huggingface_shape.h"

namespace nety::checkpoint {
namespace {

ModelConfig read_json(const JsonObject& root) {
  ModelConfig config = read_shape(
      root,
      {.context = 4096 * 32, .kv_heads = 8, .eps = 1e-5, .theta = 1e6, .takes = with_experts()});
  config.specs.front().window = read_window(root, 0);
  spread_mixture(read_mixture(root, {.experts = 8,
                                     .chosen = 2,
                                     .ffn_dim = config.ffn_dim,
                                     .gating = Gating::kSoftmaxRenormalised}),
                 config);
  return config;
}

}  // namespace

extern const Family k_mixtral;
const Family k_mixtral = {
    .name = "mixtral",
    .model_class = "MixtralForCausalLM",
    .gguf_architecture = {},
    .gguf_models = {},
    .tensors = mixtral_tensors,
    .read_json = read_json,
    .read_gguf = nullptr,
    .huggingface_form = nullptr,
};

}  // namespace nety::checkpoint
