// Rotary position embedding (Su et al. 2021): the angles, for every scaling that checkpoints use.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/checkpoint/config.h"

namespace nety::model {

/// What RoPE multiplies positions by, and what it multiplies cosines and sines by.
struct RopeTable {
  std::vector<float> inverse_frequencies;  ///< [head_dim/2]
  float attention_factor = 1;              ///< Scales cosines and sines (yarn); else 1.
};

/// The table of `config`, as transformers computes it (modeling_rope_utils.py, version 5), with
/// GGUF's frequency factors applied on top. `length` is the number of positions the sequence has
/// once the step is done; only dynamic scaling depends on it (see depends_on_length).
/// Error: kCheckpoint if the parameters give angles that are no numbers.
RopeTable rope_table(const checkpoint::ModelConfig& config, int64_t length);

/// Whether rope_table() changes as a sequence grows: dynamic scaling. Keys already in the cache
/// keep the rotation they were written with, as in transformers.
bool depends_on_length(const checkpoint::Rope& rope);

/// Cosines and sines of the angles of `position`: each [head_dim/2], attention factor included.
void rope_rotation(const RopeTable& table, int32_t position, std::span<float> cosines,
                   std::span<float> sines);

}  // namespace nety::model
