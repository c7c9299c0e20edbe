// Phi-3, Phi-3.5 and Phi-4-mini (2404.14219, 2503.01743): a Llama with q, k and v in one weight,
// gate and candidate in another, partly rotated heads and longrope.
#include "core/checkpoint/families/decoder.h"
#include "core/checkpoint/family.h"
#include "core/checkpoint/gguf_shape.h"
#include "core/checkpoint/huggingface_shape.h"

namespace nety::checkpoint {
namespace {

ModelConfig read_json(const JsonObject& root) {
  ModelConfig config =
      read_shape(root, {.context = 4096, .eps = 1e-5, .takes = {"partial_rotary_factor"}});
  config.specs.front().window = read_window(root, 0);
  return config;
}

ModelConfig read_gguf(const GgufKeys& keys) { return read_shape(keys, {.partial_rotary = true}); }

HuggingFaceForm huggingface_form(const ModelConfig& config) {
  const Rope& rope = config.rope;
  const int64_t window = config.spec(0).window;
  HuggingFaceForm form = {
      "phi3",
      "Phi3ForCausalLM",
      {{"original_max_position_embeddings",
        rope.original_context > 0 ? rope.original_context : config.context},
       {"partial_rotary_factor", static_cast<double>(rope.rotated_of(config.head_dim)) /
                                     static_cast<double>(config.head_dim)}}};
  if (window > 0)
    form.keys.push_back({"sliding_window", window});
  else
    form.keys.push_back({"sliding_window", nullptr});
  return form;
}

}  // namespace

extern const Family k_phi3;
const Family k_phi3 = {
    .name = "phi3",
    .model_class = "Phi3ForCausalLM",
    .gguf_architecture = "phi3",
    .gguf_models = "Phi-3, Phi-3.5 and Phi-4-mini",
    .tensors =
        [](const ModelConfig& config) {
          return decoder_tensors(config, {}, {.qkv = true, .gate_up = true});
        },
    .read_json = read_json,
    .read_gguf = read_gguf,
    .huggingface_form = huggingface_form,
};

}  // namespace nety::checkpoint
