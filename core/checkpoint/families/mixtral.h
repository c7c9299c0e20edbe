// Names of Mixtral's experts, which GGUF files of the architecture "llama" may have.
#pragma once

#include <vector>

#include "core/checkpoint/families/decoder.h"
#include "core/checkpoint/mixture_keys.h"

namespace nety::checkpoint {

inline std::vector<TensorInfo> mixtral_tensors(const ModelConfig& config) {
  return decoder_tensors(config, {}, {},
                         {.router = "block_sparse_moe.gate",
                          .gate = "block_sparse_moe.experts.{}.w1",
                          .up = "block_sparse_moe.experts.{}.w3",
                          .down = "block_sparse_moe.experts.{}.w2"});
}

}  // namespace nety::checkpoint
