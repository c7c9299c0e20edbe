// What a possible model shape is: the limits and relations that every configuration must satisfy,
// whichever format it comes from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "core/checkpoint/config.h"

namespace nety::checkpoint {

// Far above any model of this kind, and low enough that no product of them overflows.
inline constexpr int64_t kMaxLayers = 4096;
inline constexpr int64_t kMaxHeads = 4096;
inline constexpr int64_t kMaxHeadDim = 8192;
inline constexpr int64_t kMaxDim = int64_t{1} << 20;
inline constexpr int64_t kMaxFfnDim = int64_t{1} << 22;
inline constexpr int64_t kMaxVocab = int64_t{1} << 24;
inline constexpr int64_t kMaxContext = (int64_t{1} << 31) - 1;

/// What a format calls the values that are compared with each other, for messages.
struct ConfigKeys {
  std::string dim, heads, kv_heads, head_dim, rms_eps, rope_theta, rope_factor;
};

/// Checks the relations between values whose ranges were checked when they were read: kv_heads
/// divides heads, head_dim is even, epsilon and RoPE parameters are positive and finite. Error:
/// kCheckpoint naming file, key and value.
void check_config(const ModelConfig& config, const ConfigKeys& keys,
                  const std::filesystem::path& file);

}  // namespace nety::checkpoint
