// fp32: weights as they are, products and sums in fp32.
#include <algorithm>
#include <cstring>

#include "core/precision/mode.h"

namespace nety::precision {
namespace {

const float* row_of(const MatrixView& matrix, int64_t row) {
  return reinterpret_cast<const float*>(matrix.codes) + row * matrix.cols;
}

uint64_t bytes(int64_t rows, int64_t cols) { return static_cast<uint64_t>(rows * cols) * 4; }

void dequantise(const MatrixView& matrix, int64_t row, float* out) {
  std::memcpy(out, row_of(matrix, row), static_cast<size_t>(matrix.cols) * sizeof(float));
}

Matrix allocate(int64_t rows, int64_t cols) {
  Matrix matrix;
  matrix.codes.resize(bytes(rows, cols));
  matrix.view = {.mode = ModeId::fp32, .rows = rows, .cols = cols, .codes = matrix.codes.data()};
  return matrix;
}

int64_t row_grain(int64_t /*cols*/) { return 1; }

void quantise(const float* weights, int64_t first, int64_t last, Matrix& matrix) {
  const int64_t cols = matrix.view.cols;
  auto* out = reinterpret_cast<float*>(matrix.codes.data()) + first * cols;
  std::copy_n(weights, (last - first) * cols, out);
}

void multiply(const MatrixView& matrix, const float* x, float* y, int64_t first, int64_t last) {
  for (int64_t n = first; n < last; ++n) {
    const float* w = row_of(matrix, n);
    float sum = 0;
    for (int64_t k = 0; k < matrix.cols; ++k) sum += w[k] * x[k];
    y[n] = sum;
  }
}

}  // namespace

extern const ModeFunctions k_fp32;
const ModeFunctions k_fp32{bytes, 1, dequantise, allocate, row_grain, quantise, nullptr, multiply};

}  // namespace nety::precision
