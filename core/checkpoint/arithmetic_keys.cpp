// Each key with the value under which it says nothing.
#include "core/checkpoint/arithmetic_keys.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "core/checkpoint/refuse.h"

namespace nety::checkpoint {
namespace {

/// As transformers' configuration classes call them.
struct Number {
  std::string_view key;
  double neutral;
};
constexpr Number kNumbers[] = {
    {"attention_multiplier", 0},
    {"embedding_multiplier", 1},
    {"residual_multiplier", 1},
    {"logits_scaling", 1},
    {"logit_scale", 1},
    {"attn_logit_softcapping", 0},
    {"final_logit_softcapping", 0},
    {"query_pre_attn_scalar", 0},
    {"num_local_experts", 0},
    {"num_experts", 0},
    {"n_routed_experts", 0},
    {"num_kv_shared_layers", 0},
    {"partial_rotary_factor", 1},
    {"key_multiplier", 1},
    {"lm_head_multiplier", 1},
    {"clip_qkv", 0},
    {"kv_lora_rank", 0},
    {"q_lora_rank", 0},
    {"hidden_size_per_layer_input", 0},
    {"llama_4_scaling_beta", 0},
};
constexpr std::string_view kFlags[] = {"use_bidirectional_attention", "use_qk_norm", "qk_layernorm",
                                       "alibi", "use_parallel_residual"};
constexpr std::string_view kLists[] = {"no_rope_layers"};

/// As the gguf package's constants.py calls them, after the architecture.
constexpr Number kGgufNumbers[] = {
    {"expert_count", 0},
    {"expert_shared_count", 0},
    {"expert_shared_feed_forward_length", 0},
    {"expert_weights_scale", 1},
    {"leading_dense_block_count", 0},
    {"attention.scale", 0},
    {"embedding_scale", 1},
    {"residual_scale", 1},
    {"logit_scale", 1},
    {"attn_logit_softcapping", 0},
    {"final_logit_softcapping", 0},
    {"attention.clamp_kqv", 0},
    {"attention.max_alibi_bias", 0},
    {"attention.temperature_scale", 0},
    {"attention.kv_lora_rank", 0},
    {"attention.shared_kv_layers", 0},
    {"attention.output_scale", 1},
    {"embedding_length_per_layer_input", 0},
    {"rope.freq_base_swa", 0},
    {"ssm.conv_kernel", 0},
    {"shortconv.l_cache", 0},
};
constexpr std::string_view kGgufFlags[] = {"use_parallel_residual", "swin_norm"};

[[noreturn]] void refuse_key(const std::filesystem::path& file, std::string_view key,
                             const std::string& value) {
  refuse(file,
         fmt::format("\"{}\" is {}, which is not supported in models of this architecture", key,
                     value),
         "The model computes something that is not supported: use one without it.");
}

bool is_among(std::string_view key, std::span<const std::string_view> taken) {
  return std::ranges::find(taken, key) != taken.end();
}

void refuse_numbers(const JsonObject& place, std::span<const std::string_view> taken) {
  for (const Number& one : kNumbers) {
    const double value = place.number(one.key).value_or(one.neutral);
    if (value != one.neutral && !is_among(one.key, taken))
      refuse_key(place.file(), place.path_of(one.key), fmt::format("{}", value));
  }
}

}  // namespace

void refuse_arithmetic(const JsonObject& root, std::span<const std::string_view> taken) {
  refuse_numbers(root, taken);
  for (const std::string_view flag : kFlags)
    if (!is_among(flag, taken) && root.boolean(flag).value_or(false))
      refuse_key(root.file(), flag, "true");
  for (const std::string_view list : kLists)
    if (!is_among(list, taken) && root.has(list)) refuse_key(root.file(), list, "set");
  for (const char* name : {"rope_scaling", "rope_parameters"})
    if (const std::optional<JsonObject> section = root.object(name))
      refuse_numbers(*section, taken);
  if (is_among("layer_types", taken)) return;
  for (const std::string& type : root.strings("layer_types"))
    if (type != "full_attention") refuse_key(root.file(), "layer_types", "not full_attention only");
  const std::optional<JsonObject> rope = root.object("rope_parameters");
  if (rope && (rope->has("full_attention") || rope->has("sliding_attention")))
    refuse(root.file(),
           "has different RoPE parameters for different layers, which is not "
           "supported",
           "Supported are models whose layers are all alike.");
}

void refuse_arithmetic(const GgufKeys& keys, std::span<const std::string_view> taken) {
  for (const Number& one : kGgufNumbers) {
    const std::string key = keys.own(one.key);
    const double value = keys.number(key).value_or(one.neutral);
    if (value != one.neutral && !is_among(one.key, taken))
      refuse_key(keys.file(), key, fmt::format("{}", value));
  }
  for (const std::string_view flag : kGgufFlags) {
    const std::string key = keys.own(flag);
    if (!is_among(flag, taken) && keys.boolean(key).value_or(false))
      refuse_key(keys.file(), key, "true");
  }
  const std::string causal = keys.own("attention.causal");
  if (!keys.boolean(causal).value_or(true)) refuse_key(keys.file(), causal, "false");
}

}  // namespace nety::checkpoint
