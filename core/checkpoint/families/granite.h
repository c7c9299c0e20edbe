// What Granite 3's dense models and its mixtures of experts share: four multipliers.
#pragma once

#include <cmath>
#include <vector>

#include "core/checkpoint/family.h"
#include "core/checkpoint/gguf_shape.h"
#include "core/checkpoint/huggingface_shape.h"

namespace nety::checkpoint {

/// Their keys, for ShapeDefaults::takes and GgufShape::takes.
inline std::vector<std::string_view> granite_keys() {
  return {"attention_multiplier", "embedding_multiplier", "residual_multiplier", "logits_scaling",
          "attention.scale",      "residual_scale",       "embedding_scale",     "logit_scale"};
}

inline void read_multipliers(const JsonObject& root, ModelConfig& config) {
  config.specs.front().score_scale = read_positive(root, "attention_multiplier", 1);
  config.specs.front().residual_scale = read_scale(root, "residual_multiplier", 1);
  config.embedding_scale = read_scale(root, "embedding_multiplier", 1);
  config.logit_scale = 1 / read_scale(root, "logits_scaling", 1);
}

inline void read_multipliers(const GgufKeys& keys, ModelConfig& config) {
  config.specs.front().score_scale = read_cap(keys, "attention.scale", 0);
  config.specs.front().residual_scale = read_scale(keys, "residual_scale", 1);
  config.embedding_scale = read_scale(keys, "embedding_scale", 1);
  config.logit_scale = 1 / read_scale(keys, "logit_scale", 1);
}

inline void write_multipliers(const ModelConfig& config, HuggingFaceForm& form) {
  const LayerSpec& spec = config.spec(0);
  const double scale = spec.score_scale != 0 ? spec.score_scale
                                             : 1 / std::sqrt(static_cast<double>(config.head_dim));
  form.keys.push_back({"attention_multiplier", scale});
  form.keys.push_back({"residual_multiplier", spec.residual_scale});
  form.keys.push_back({"embedding_multiplier", config.embedding_scale});
  form.keys.push_back({"logits_scaling", 1 / config.logit_scale});
}

}  // namespace nety::checkpoint
