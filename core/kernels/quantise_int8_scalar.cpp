// A row of activations as LLM.int8() rounds it: the reference itself.
#include "core/kernels/kernels.h"

namespace nety::kernels {

void quantise_int8_scalar(const float* x, int64_t cols, precision::Int8Row& out) {
  precision::quantise_row(x, cols, precision::kOutlierThreshold, out);
}

}  // namespace nety::kernels
