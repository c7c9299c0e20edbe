// fp32 products, one after another.
#include "core/kernels/panels.h"

namespace nety::kernels {

void float_panel_fp32_scalar(const FloatPanel& p) {
  for (int64_t t = 0; t < p.tokens; ++t) {
    const float* x = p.x + t * p.x_stride;
    for (int64_t r = 0; r < p.rows; ++r) {
      const float* w = p.w + r * p.w_stride;
      float sum = 0;
      for (int64_t k = 0; k < p.cols; ++k) sum += w[k] * x[k];
      p.y[t * p.y_stride + r] = sum;
    }
  }
}

}  // namespace nety::kernels
