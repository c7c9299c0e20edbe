// h = silu(g) * u, one by one.
#include <cmath>

#include "core/kernels/silu.h"

namespace nety::kernels {

void silu_fp32_scalar(const float* g, const float* u, float* h, int64_t n) {
  for (int64_t i = 0; i < n; ++i) h[i] = g[i] / (1.0F + std::exp(-g[i])) * u[i];
}

}  // namespace nety::kernels
