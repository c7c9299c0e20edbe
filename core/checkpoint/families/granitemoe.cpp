// Granite 3's mixtures of experts (2024), which directories have as stacks, gate before up.
#include "core/checkpoint/families/decoder.h"
#include "core/checkpoint/families/granite.h"
#include "core/checkpoint/mixture_keys.h"

namespace nety::checkpoint {
namespace {

ModelConfig read_json(const JsonObject& root) {
  ModelConfig config = read_shape(root, {.context = 2048, .takes = with_experts(granite_keys())});
  config.qkv_bias = config.o_bias = root.boolean("attention_bias").value_or(false);
  read_multipliers(root, config);
  spread_mixture(read_mixture(root, {.experts = 8,
                                     .chosen = 2,
                                     .ffn_dim = config.ffn_dim,
                                     .gating = Gating::kSoftmaxOfChosen}),
                 config);
  return config;
}

ModelConfig read_gguf(const GgufKeys& keys) {
  ModelConfig config = read_shape(keys, {.takes = with_experts(granite_keys())});
  config.rope.interleaved = config.paired_rows = true;
  config.qkv_bias = config.o_bias = config.optional_biases = true;
  read_multipliers(keys, config);
  spread_mixture(read_mixture(keys, config.ffn_dim, Gating::kSoftmaxOfChosen), config);
  return config;
}

HuggingFaceForm huggingface_form(const ModelConfig& config) {
  const Mixture& mixture = config.spec(0).mixture;
  HuggingFaceForm form = {"granitemoe",
                          "GraniteMoeForCausalLM",
                          {{"attention_bias", config.qkv_bias || config.o_bias},
                           {"intermediate_size", mixture.ffn_dim},
                           {"num_local_experts", mixture.experts},
                           {"num_experts_per_tok", mixture.chosen}}};
  write_multipliers(config, form);
  return form;
}

std::vector<TensorInfo> tensors(const ModelConfig& config) {
  return decoder_tensors(config, {}, {},
                         {.router = "block_sparse_moe.router.layer",
                          .gate = "block_sparse_moe.experts.{}.gate_proj",
                          .up = "block_sparse_moe.experts.{}.up_proj",
                          .down = "block_sparse_moe.experts.{}.down_proj",
                          .gate_up_stack = "block_sparse_moe.input_linear.weight",
                          .down_stack = "block_sparse_moe.output_linear.weight",
                          .form = ExpertNames::Form::kStacked});
}

}  // namespace

extern const Family k_granitemoe;
const Family k_granitemoe = {
    .name = "granitemoe",
    .model_class = "GraniteMoeForCausalLM",
    .gguf_architecture = "granitemoe",
    .gguf_models = "Granite 3's mixtures of experts",
    .tensors = tensors,
    .read_json = read_json,
    .read_gguf = read_gguf,
    .huggingface_form = huggingface_form,
};

}  // namespace nety::checkpoint
