// Gemma (2403.08295): embeddings scaled by the root of the width, norms by 1 + w, GELU. GGUF files
// have the norms whole.
#include "core/checkpoint/families/gemma.h"
#include "core/checkpoint/families/decoder.h"
#include "core/checkpoint/family.h"
#include "core/checkpoint/gguf_shape.h"
#include "core/checkpoint/huggingface_shape.h"

namespace nety::checkpoint {
namespace {

ModelConfig read_json(const JsonObject& root) {
  // The first config.json of Gemma says "gelu" where the model has it by tanh, as
  // "hidden_activation".
  const bool by_new_key = root.has("hidden_activation");
  const bool says_gelu = root.string("hidden_act").value_or("") == "gelu";
  return as_gemma(read_shape(
      root, {.context = 8192,
             .kv_heads = 16,
             .head_dim = 256,
             .tied = true,
             .activation_key = by_new_key || says_gelu ? "hidden_activation" : "hidden_act",
             .activation = "gelu_pytorch_tanh"}));
}

ModelConfig read_gguf(const GgufKeys& keys) { return as_gemma(read_shape(keys)); }

HuggingFaceForm huggingface_form(const ModelConfig&) {
  return {"gemma", "GemmaForCausalLM", {{"hidden_act", "gelu_pytorch_tanh"}}};
}

}  // namespace

extern const Family k_gemma;
const Family k_gemma = {
    .name = "gemma",
    .model_class = "GemmaForCausalLM",
    .gguf_architecture = "gemma",
    .gguf_models = "Gemma",
    .tensors =
        [](const ModelConfig& config) { return with_norms_less_one(decoder_tensors(config)); },
    .read_json = read_json,
    .read_gguf = read_gguf,
    .huggingface_form = huggingface_form,
};

}  // namespace nety::checkpoint
