// Llama 3's RoPE scaling, which GGUF stores as its result and config.json as its parameters.
#pragma once

#include <optional>
#include <vector>

#include "core/checkpoint/config.h"

namespace nety::checkpoint {

/// The divisor of each rotary frequency under llama3 scaling: [head_dim / 2].
std::vector<float> llama3_frequency_factors(const Rope& rope, int64_t head_dim);

/// The parameters that give config.rope.frequency_factors, if they are those of a published model:
/// any factor, with low 1, high 4 and an original context of 8192, or the same with other powers of
/// two.
std::optional<Rope> find_llama3_scaling(const ModelConfig& config);

}  // namespace nety::checkpoint
