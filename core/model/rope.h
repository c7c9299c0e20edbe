// Rotary position embedding (Su et al. 2021): the angles, for every scaling that checkpoints use.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/checkpoint/config.h"

namespace nety::model {

/// What RoPE multiplies positions by, and what it multiplies cosines and sines by.
struct RopeTable {
  std::vector<float> inverse_frequencies;  ///< [rotated/2]
  float attention_factor = 1;              ///< Scales cosines and sines (yarn, longrope); else 1.
};

/// The table of `rope` in `config`, as transformers computes it (modeling_rope_utils.py, version
/// 5), with GGUF's frequency factors applied on top. `length` is the number of positions the
/// sequence has once the step is done; few scalings depend on it (see depends_on_length).
/// Error: kCheckpoint if the parameters give angles that are no numbers.
RopeTable rope_table(const checkpoint::ModelConfig& config, const checkpoint::Rope& rope,
                     int64_t length);
/// That of config.rope.
RopeTable rope_table(const checkpoint::ModelConfig& config, int64_t length);

/// Whether rope_table() changes as a sequence grows: dynamic scaling, and longrope beyond its
/// original context. Keys already in the cache keep the rotation they were written with, as in
/// transformers.
bool depends_on_length(const checkpoint::Rope& rope);

/// What a query at `position` is multiplied by (Llama 4's temperature): 1 where the layer has none.
float query_scale(const checkpoint::LayerSpec& spec, int32_t position);

/// Cosines and sines of the angles of `position`: each [rotated/2], attention factor included.
void rope_rotation(const RopeTable& table, int32_t position, std::span<float> cosines,
                   std::span<float> sines);

}  // namespace nety::model
