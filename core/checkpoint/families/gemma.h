// What the models of the Gemma line share.
#pragma once

#include <cmath>

#include "core/checkpoint/config.h"

namespace nety::checkpoint {

inline ModelConfig as_gemma(ModelConfig config) {
  config.embedding_scale = std::sqrt(static_cast<double>(config.dim));
  config.specs.front().nonlinearity = Nonlinearity::kGeluTanh;
  return config;
}

/// What scores are multiplied by: from Gemma 2 on, the largest model has a scale of its own.
inline double gemma_score_scale(const ModelConfig& config, int64_t layers_of_largest) {
  const int64_t width =
      config.layers == layers_of_largest ? config.dim / config.heads : config.head_dim;
  return 1 / std::sqrt(static_cast<double>(width));
}

}  // namespace nety::checkpoint
