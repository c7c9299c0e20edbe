// What OLMo 2 and 3 share: norms after both blocks alone, and of whole rows of q and k.
#pragma once

#include <vector>

#include "core/checkpoint/huggingface_shape.h"

namespace nety::checkpoint {

inline constexpr int64_t kOlmo3Period = 4;  ///< Layers to a full one.

inline ModelConfig as_olmo2(ModelConfig config) {
  LayerSpec& spec = config.specs.front();
  spec.norm_before = false;
  spec.norm_after = true;
  spec.head_norm = HeadNorm::kRow;
  return config;
}

/// The window in layers of their own, which have the same rotary embedding without its scaling.
inline ModelConfig with_windows(ModelConfig config, int64_t window,
                                const std::vector<bool>& windowed) {
  config.local_rope = {};
  config.local_rope.theta = config.rope.theta;
  spread_windows(config, window, windowed, Rotary::kLocal, Rotary::kMain);
  return config;
}

}  // namespace nety::checkpoint
