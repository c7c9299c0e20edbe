// Mixtures of experts: the choice is made on the host, so a step of one token is no graph.
#pragma once

#include "core/backends/cuda/linear.h"
#include "core/model/backend.h"

namespace nety::cuda {

/// y of the first segment = f(first) * second as the spec has it, of gate and up that were stored
/// apart; `u` null: f(first). `count` values.
void activate(Stream stream, const model::LayerSpec& spec, const SiluArgs& pair);

/// What the experts of each token add to the stream, into Buffers::sum, from the normalised stream
/// n [T, D].
void run_experts(Device& device, const Linear& linear, const Workspace& work,
                 const model::LayerWeights& layer, const model::LayerSpec& spec, const float* n,
                 int32_t tokens);

}  // namespace nety::cuda
