// Soft caps of scores and logits (Gemma 2: 2408.00118).
#pragma once

#include <cstdint>

namespace nety::kernels {

/// x[i] = cap tanh(x[i] / cap), i < n.
using SoftCapKernel = void (*)(float* x, int64_t n, float cap);

}  // namespace nety::kernels
