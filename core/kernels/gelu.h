// The other activation of feed-forward networks.
#pragma once

#include <cstdint>

namespace nety::kernels {

/// h[i] = gelu(g[i]) * u[i], i < n, or gelu(g[i]) where u is null; h may be g. GELU by tanh
/// (Hendrycks and Gimpel 2016): x / 2 (1 + tanh z) = x / (1 + exp(-2 z)) with
/// z = sqrt(2 / pi) (x + 0.044715 x^3).
using GeluKernel = void (*)(const float* g, const float* u, float* h, int64_t n);

inline constexpr float kGeluTwice = 1.5957691216057308F;  ///< 2 sqrt(2 / pi)
inline constexpr float kGeluCube = 0.044715F;

}  // namespace nety::kernels
