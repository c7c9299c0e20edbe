// RoPE parameters of config.json.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/checkpoint/config.h"
#include "core/checkpoint/json_file.h"

namespace nety::checkpoint {

/// What the parameters depend on.
struct RopeContext {
  int64_t context;  ///< max_position_embeddings
  int64_t head_dim;
  double theta = 10000;  ///< Where the config has none.
  double rotated = 1;    ///< partial_rotary_factor, where the config has none.
};

/// rope_parameters (transformers 5), or rope_theta and rope_scaling (4). Where parameters are given
/// by kind of layer, those of "full_attention". Error: kCheckpoint naming file, key and value.
Rope read_rope(const JsonObject& root, const RopeContext& of);

/// rope_parameters of the kind of layer `type` ("sliding_attention"), if they are given by kind.
std::optional<Rope> read_rope_of(const JsonObject& root, std::string_view type,
                                 const RopeContext& of);

}  // namespace nety::checkpoint
