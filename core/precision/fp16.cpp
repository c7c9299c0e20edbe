// fp16: weights rounded to IEEE binary16 and widened again; activations, products and sums in fp32.
#include "core/base/half.h"
#include "core/precision/half_matrix.h"

namespace nety::precision {
namespace {

void dequantise(const MatrixView& matrix, int64_t row, float* out) {
  const uint16_t* w = half_row(matrix, row);
  for (int64_t k = 0; k < matrix.cols; ++k) out[k] = float_from_fp16(w[k]);
}

Matrix allocate(int64_t rows, int64_t cols) { return allocate_halves(ModeId::fp16, rows, cols); }

void quantise(const float* weights, int64_t first, int64_t last, Matrix& matrix) {
  const int64_t count = (last - first) * matrix.view.cols;
  uint16_t* out = half_row(matrix, first);
  for (int64_t k = 0; k < count; ++k) out[k] = fp16_from_float(weights[k]);
  refuse_overflow(weights, first, last, 0x477ff000, matrix);
}

void multiply(const MatrixView& matrix, const float* x, float* y, int64_t first, int64_t last) {
  for (int64_t n = first; n < last; ++n) {
    const uint16_t* w = half_row(matrix, n);
    float sum = 0;
    for (int64_t k = 0; k < matrix.cols; ++k) sum += float_from_fp16(w[k]) * x[k];
    y[n] = sum;
  }
}

}  // namespace

extern const ModeFunctions k_fp16;
const ModeFunctions k_fp16{half_bytes, 1,        dequantise, allocate,
                           half_grain, quantise, nullptr,    multiply};

}  // namespace nety::precision
