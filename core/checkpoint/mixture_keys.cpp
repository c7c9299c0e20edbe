// Keys: transformers' configuration classes, and the gguf package's constants.py.
#include "core/checkpoint/mixture_keys.h"

#include <fmt/core.h>

#include "core/checkpoint/config_check.h"
#include "core/checkpoint/refuse.h"

namespace nety::checkpoint {
namespace {

int64_t read_count(const JsonObject& root, int64_t fallback) {
  std::optional<int64_t> count;
  for (const std::string_view key : kExpertCounts) {
    const std::optional<int64_t> one = root.integer(key, 1, kMaxExperts);
    if (one && count && *one != *count)
      refuse(root.file(), fmt::format("\"{}\" is {}, but \"{}\" is {}", kExpertCounts[0], *count,
                                      kExpertCounts[1], *one));
    if (one) count = one;
  }
  return count.value_or(fallback);
}

/// gguf.ExpertGatingFuncType
constexpr int64_t kSoftmaxFunction = 1, kSoftmaxOfChosenFunction = 3;

void check_function(const GgufKeys& keys) {
  const std::string key = keys.own("expert_gating_func");
  const int64_t function = keys.integer(key, 0, INT32_MAX).value_or(0);
  if (function != 0 && function != kSoftmaxFunction && function != kSoftmaxOfChosenFunction)
    refuse(keys.file(), fmt::format("\"{}\" is {}, which is not supported", key, function),
           "Supported is softmax, 1.");
}

}  // namespace

std::vector<std::string_view> with_experts(std::vector<std::string_view> takes) {
  takes.insert(takes.end(), std::begin(kExpertCounts), std::end(kExpertCounts));
  takes.push_back(kGgufExpertCount);
  return takes;
}

Mixture read_mixture(const JsonObject& root, const MixtureDefaults& defaults) {
  Mixture mixture;
  mixture.experts = read_count(root, defaults.experts);
  mixture.chosen = root.integer("num_experts_per_tok", 1, mixture.experts)
                       .value_or(std::min(defaults.chosen, mixture.experts));
  mixture.ffn_dim = defaults.ffn_dim;
  mixture.gating = defaults.gating;
  return mixture;
}

Gating read_gating(const JsonObject& root) {
  return root.boolean("norm_topk_prob").value_or(false) ? Gating::kSoftmaxRenormalised
                                                        : Gating::kSoftmax;
}

Mixture read_mixture(const GgufKeys& keys, int64_t ffn_dim, Gating gating) {
  check_function(keys);
  Mixture mixture;
  mixture.experts = keys.required_integer(keys.own(kGgufExpertCount), 1, kMaxExperts);
  mixture.chosen = keys.required_integer(keys.own("expert_used_count"), 1, mixture.experts);
  mixture.ffn_dim =
      keys.integer(keys.own("expert_feed_forward_length"), 1, kMaxFfnDim).value_or(ffn_dim);
  mixture.gating = gating;
  if (const std::optional<bool> norm = keys.boolean(keys.own("expert_weights_norm"));
      norm && gating != Gating::kSoftmaxOfChosen)
    mixture.gating = *norm ? Gating::kSoftmaxRenormalised : Gating::kSoftmax;
  return mixture;
}

void check_experts(const ModelConfig& config, const std::filesystem::path& file) {
  int64_t experts = 0;
  for (int64_t l = 0; l < config.layers; ++l) experts += config.spec(l).mixture.experts;
  if (experts > kMaxExpertsOfLayers)
    refuse(file, fmt::format("has {} experts in {} layers; {} are the most that is supported",
                             experts, config.layers, kMaxExpertsOfLayers));
}

void spread_mixture(const Mixture& mixture, ModelConfig& config) {
  for (LayerSpec& spec : config.specs) spec.mixture = mixture;
}

}  // namespace nety::checkpoint
