// Exact integer dots, one product after another.
#include "core/kernels/panels.h"

namespace nety::kernels {

void integer_panel_int8_scalar(const IntegerPanel& p) {
  for (int64_t t = 0; t < p.tokens; ++t)
    for (int64_t r = 0; r < p.rows; ++r) {
      const int8_t* w = p.w + r * p.cols;
      const int8_t* x = p.x + t * p.x_stride;
      int32_t sum = 0;
      for (int64_t k = 0; k < p.cols; ++k) sum += w[k] * x[k];
      p.y[t * p.y_stride + r] = sum;
    }
}

}  // namespace nety::kernels
