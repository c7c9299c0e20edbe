// int8: LLM.int8(). Weights as int8 with one fp32 scale per row (SCB, the row's largest magnitude);
// activations as int8 per row (activation.h), except outliers, whose products stay in fp32.
//
// Weights, as bitsandbytes makes them: h = fp16(w); SCB = max |h| of the row; code =
// round_half_even(h * ((1 / SCB) * 127)) in fp32. 1 / SCB is rounded before it is multiplied
// because torch divides a number by a tensor that way. A row of zeros has SCB 0 and codes 0.
// Dequantised: (code * SCB) * (1/127).
//
// Product: each activation row has outliers of its own, as in bitsandbytes with one token. All in
// fp32 except the integer sum, which is exact:
//   y = float(sum of code * xcode) * (SCA * SCB) * (1/16129)
//   y += sum over outliers j of x[j] * ((code[j] * SCB) * (1/127))    x as it is, not in fp16
#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/core.h>

#include "core/base/error.h"
#include "core/precision/activation.h"
#include "core/precision/mode.h"
#include "core/precision/rounding.h"

namespace nety::precision {
namespace {

constexpr float kOneOver127 = 1.0F / 127.0F;
constexpr float kOneOver16129 = 1.0F / 16129.0F;

const int8_t* row_of(const MatrixView& matrix, int64_t row) {
  return reinterpret_cast<const int8_t*>(matrix.codes) + row * matrix.cols;
}

uint64_t bytes(int64_t rows, int64_t cols) {
  return static_cast<uint64_t>(rows * cols) + static_cast<uint64_t>(rows) * sizeof(float);
}

void dequantise(const MatrixView& matrix, int64_t row, float* out) {
  const int8_t* codes = row_of(matrix, row);
  const float scale = matrix.scales[row];
  for (int64_t k = 0; k < matrix.cols; ++k)
    out[k] = (static_cast<float>(codes[k]) * scale) * kOneOver127;
}

Matrix allocate(int64_t rows, int64_t cols) {
  Matrix matrix;
  matrix.codes.resize(static_cast<size_t>(rows * cols));
  matrix.scales.resize(static_cast<size_t>(rows));
  matrix.view = {.mode = ModeId::int8,
                 .rows = rows,
                 .cols = cols,
                 .codes = matrix.codes.data(),
                 .scales = matrix.scales.data()};
  return matrix;
}

int64_t row_grain(int64_t /*cols*/) { return 1; }

[[noreturn]] void refuse(const float* row, int64_t cols, int64_t n) {
  const float* bad =
      std::find_if(row, row + cols, [](float w) { return overflows_fp16(magnitude_bits(w)); });
  throw Error(
      ErrorKind::kCheckpoint,
      fmt::format("weight {} in row {}, column {} has no int8 code: int8 goes through fp16, "
                  "and the whole row would be lost",
                  *bad, n, bad - row),
      "use another mode for this model");
}

/// One row of weights to codes; returns SCB.
float quantise_weights(const float* w, int64_t cols, int64_t n, int8_t* codes) {
  const int32_t largest = largest_magnitude(w, cols);
  if (overflows_fp16(largest)) refuse(w, cols, n);
  // Rounding is monotonic: the largest of the rounded values is the largest value, rounded.
  const float scale = round_to_fp16(std::bit_cast<float>(largest));
  const float inverse = scale > 0 ? (1.0F / scale) * 127.0F : 0.0F;
  for (int64_t k = 0; k < cols; ++k)
    codes[k] = static_cast<int8_t>(round_half_even(round_to_fp16(w[k]) * inverse));
  return scale;
}

void quantise(const float* weights, int64_t first, int64_t last, Matrix& matrix) {
  const int64_t cols = matrix.view.cols;
  auto* codes = reinterpret_cast<int8_t*>(matrix.codes.data());
  for (int64_t n = first; n < last; ++n)
    matrix.scales[static_cast<size_t>(n)] =
        quantise_weights(weights + (n - first) * cols, cols, n, codes + n * cols);
}

void multiply(const MatrixView& matrix, const float* x, float* y, int64_t first, int64_t last) {
  const size_t cols = static_cast<size_t>(matrix.cols);
  std::vector<int8_t> xcodes(cols);
  std::vector<int32_t> outliers(cols);
  Int8Row row{.codes = xcodes.data(), .outliers = outliers.data()};
  quantise_row(x, matrix.cols, kOutlierThreshold, row);
  for (int64_t n = first; n < last; ++n) {
    const int8_t* codes = row_of(matrix, n);
    const float scale = matrix.scales[n];
    int64_t sum = 0;
    for (size_t k = 0; k < cols; ++k) sum += codes[k] * xcodes[k];
    y[n] = static_cast<float>(sum) * (row.scale * scale) * kOneOver16129;
    if (row.outlier_count == 0) continue;
    float exact = 0;
    for (int32_t j = 0; j < row.outlier_count; ++j) {
      const int32_t k = outliers[static_cast<size_t>(j)];
      exact += x[k] * ((static_cast<float>(codes[k]) * scale) * kOneOver127);
    }
    y[n] += exact;
  }
}

}  // namespace

extern const ModeFunctions k_int8;
const ModeFunctions k_int8{bytes, 1, dequantise, allocate, row_grain, quantise, nullptr, multiply};

}  // namespace nety::precision
