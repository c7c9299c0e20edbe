// What other families share with Llama.
#pragma once

#include <vector>

#include "core/checkpoint/tensors.h"

namespace nety::checkpoint {

/// Llama's tensors, with the biases that `config` says.
std::vector<TensorInfo> llama_tensors(const ModelConfig& config);

}  // namespace nety::checkpoint
