// Storage of the 16-bit float modes. Weights too large for the type are refused.
#include "core/precision/half_matrix.h"

#include <fmt/core.h>

#include "core/base/error.h"
#include "core/precision/rounding.h"

namespace nety::precision {

uint64_t half_bytes(int64_t rows, int64_t cols) { return static_cast<uint64_t>(rows * cols) * 2; }

int64_t half_grain(int64_t /*cols*/) { return 1; }

const uint16_t* half_row(const MatrixView& matrix, int64_t row) {
  return reinterpret_cast<const uint16_t*>(matrix.codes) + row * matrix.cols;
}

uint16_t* half_row(Matrix& matrix, int64_t row) {
  return reinterpret_cast<uint16_t*>(matrix.codes.data()) + row * matrix.view.cols;
}

Matrix allocate_halves(ModeId mode, int64_t rows, int64_t cols) {
  Matrix matrix;
  matrix.codes.resize(half_bytes(rows, cols));
  matrix.view = {.mode = mode, .rows = rows, .cols = cols, .codes = matrix.codes.data()};
  return matrix;
}

void refuse_overflow(const float* weights, int64_t first, int64_t last, int32_t overflow_bits,
                     const Matrix& matrix) {
  const int64_t count = (last - first) * matrix.view.cols;
  int32_t overflows = 0;
  for (int64_t k = 0; k < count; ++k) {
    const int32_t bits = magnitude_bits(weights[k]);
    overflows |= static_cast<int32_t>(bits >= overflow_bits && bits < kInfinityBits);
  }
  if (overflows == 0) return;
  for (int64_t k = 0; k < count; ++k) {
    const int32_t bits = magnitude_bits(weights[k]);
    if (bits < overflow_bits || bits >= kInfinityBits) continue;
    throw Error(ErrorKind::kCheckpoint,
                fmt::format("weight {} in row {}, column {} is too large for {}", weights[k],
                            first + k / matrix.view.cols, k % matrix.view.cols,
                            mode(matrix.view.mode).name),
                "use fp32 for this model");
  }
}

}  // namespace nety::precision
