// Which modes leave the arithmetic of their products to choose (`--compute`).
#pragma once

#include "core/precision/mode.h"

namespace nety::precision {

/// Products of the mode are between floats, of which the weights are made from codes, so that
/// `--compute bf16` can round both sides to bf16: the 4-bit modes. Elsewhere the mode fixes it.
inline bool takes_compute(const Mode& mode) {
  return mode.kind == ModeKind::kQuantised && mode.activation == "fp32";
}

}  // namespace nety::precision
