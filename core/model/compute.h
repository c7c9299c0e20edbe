// Which arithmetic products get: one answer for whoever loads a model.
#pragma once

#include "core/model/backend.h"
#include "core/precision/compute.h"

namespace nety::model {

/// Of products in `mode`, if `asked` for that type. On a GPU 4-bit products are bf16 unless fp32 is
/// asked for: that is where its speed is. Modes that fix their arithmetic keep it.
inline Compute compute_for(options::ComputeType asked, const precision::Mode& mode, bool on_gpu) {
  using options::ComputeType;
  const bool rounded = asked == ComputeType::kBf16 || (asked == ComputeType::kUsual && on_gpu);
  return rounded && precision::takes_compute(mode) ? Compute::kBf16 : Compute::kMode;
}

}  // namespace nety::model
