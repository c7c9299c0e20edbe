// x = cap tanh(x / cap), one by one.
#include "core/kernels/soft_cap.h"

#include <cmath>

namespace nety::kernels {

void soft_cap_fp32_scalar(float* x, int64_t n, float cap) {
  for (int64_t i = 0; i < n; ++i) x[i] = cap * std::tanh(x[i] / cap);
}

}  // namespace nety::kernels
