// What configurations say of mixtures of experts, for families to build on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "core/checkpoint/config.h"
#include "core/checkpoint/gguf_keys.h"
#include "core/checkpoint/json_file.h"

namespace nety::checkpoint {

/// Far above any model, and low enough that a list of all tensors stays small.
inline constexpr int64_t kMaxExperts = 1024;

/// The most of all layers together: a file of a few bytes must not ask for a list of millions of
/// tensors. Three times those of any model.
inline constexpr int64_t kMaxExpertsOfLayers = 65536;

/// Keys of config.json that read_mixture() reads, for ShapeDefaults::takes.
inline constexpr std::string_view kExpertCounts[] = {"num_local_experts", "num_experts"};
/// Those of GGUF, for GgufShape::takes.
inline constexpr std::string_view kGgufExpertCount = "expert_count";

/// `takes` with the keys above.
std::vector<std::string_view> with_experts(std::vector<std::string_view> takes = {});

/// Of config.json: experts under either name that transformers has for their number, and how many
/// of them a token has. Error: kCheckpoint naming file, key and value.
struct MixtureDefaults {
  int64_t experts, chosen, ffn_dim;
  Gating gating;
};
Mixture read_mixture(const JsonObject& root, const MixtureDefaults& defaults);

/// By norm_topk_prob, of families that have the key: without it weights stay as softmax made them.
Gating read_gating(const JsonObject& root);

/// Of a GGUF, where the number of experts is needed; `ffn_dim` is feed_forward_length, which stands
/// for an absent expert_feed_forward_length. expert_weights_norm decides whether weights are
/// renormalised, else `gating` stays. Error: kCheckpoint.
Mixture read_mixture(const GgufKeys& keys, int64_t ffn_dim, Gating gating);

/// Error: kCheckpoint if the layers together have more than kMaxExpertsOfLayers.
void check_experts(const ModelConfig& config, const std::filesystem::path& file);

/// A mixture in every layer.
void spread_mixture(const Mixture& mixture, ModelConfig& config);

}  // namespace nety::checkpoint
