// h = gelu(g) * u, one by one.
#include "core/kernels/gelu.h"

#include <cmath>

namespace nety::kernels {

void gelu_fp32_scalar(const float* g, const float* u, float* h, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    const float x = g[i];
    const float twice = kGeluTwice * (x + kGeluCube * x * x * x);
    const float gelu = x / (1.0F + std::exp(-twice));
    h[i] = u == nullptr ? gelu : gelu * u[i];
  }
}

}  // namespace nety::kernels
