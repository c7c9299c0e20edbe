// Values of a config.json that several families write.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "core/checkpoint/family.h"

namespace nety::checkpoint {

/// null for 0.
inline HuggingFaceForm::Value or_null(double value) {
  if (value == 0) return nullptr;
  return value;
}

/// null for a window that is none.
inline HuggingFaceForm::Value or_none(int64_t window) {
  if (window == 0) return nullptr;
  return window;
}

/// The window of the layers that have one; 0: none has.
inline int64_t widest_window(const ModelConfig& config) {
  int64_t widest = 0;
  for (const LayerSpec& spec : config.specs) widest = std::max(widest, spec.window);
  return widest;
}

/// "layer_types"
inline std::vector<std::string> layer_types(const ModelConfig& config) {
  std::vector<std::string> types;
  for (int64_t l = 0; l < config.layers; ++l)
    types.emplace_back(config.spec(l).window > 0 ? "sliding_attention" : "full_attention");
  return types;
}

}  // namespace nety::checkpoint
