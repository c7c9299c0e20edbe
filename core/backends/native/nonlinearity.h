// The activation of feed-forward networks, by the kernels of an instruction set.
#pragma once

#include <cstdint>

#include "core/backends/native/cells.h"
#include "core/checkpoint/layer_spec.h"

namespace nety::native {

/// g = f(g) * u as the spec has it, or f(g) where u is null; n values. u may change, too.
void apply_nonlinearity(const checkpoint::LayerSpec& spec, const Cells& cells, float* g, float* u,
                        int64_t n);

}  // namespace nety::native
