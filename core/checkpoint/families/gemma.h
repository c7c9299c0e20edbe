// What the models of the Gemma line share.
#pragma once

#include <cmath>

#include "core/checkpoint/config.h"
#include "core/checkpoint/families/decoder.h"

namespace nety::checkpoint {

/// From Gemma 2 on: norms before and after both blocks.
inline constexpr NormNames kGemmaNorms = {.before_attention = "input_layernorm",
                                          .after_attention = "post_attention_layernorm",
                                          .before_mlp = "pre_feedforward_layernorm",
                                          .after_mlp = "post_feedforward_layernorm"};

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
