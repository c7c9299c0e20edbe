// The activation of the feed-forward network.
#pragma once

#include <cstdint>

namespace nety::kernels {

/// h[i] = silu(g[i]) * u[i], i < n; h may be g.
using SiluKernel = void (*)(const float* g, const float* u, float* h, int64_t n);

}  // namespace nety::kernels
