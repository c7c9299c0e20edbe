// Quantising, dequantising and multiplying bitsandbytes' 4-bit matrices.
#include "core/precision/four_bit.h"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "core/base/error.h"
#include "core/precision/rounding.h"

namespace nety::precision {
namespace {

/// The least absmax that a block is divided by.
constexpr float kTiny = 1e-38F;
/// Weights coded together; divides every block size.
constexpr int64_t kChunk = 32;

int64_t blocks_of(int64_t count, int64_t block) { return (count + block - 1) / block; }

uint8_t code_at(const MatrixView& matrix, int64_t index) {
  const auto pair = std::to_integer<uint8_t>(matrix.codes[index / 2]);
  return index % 2 == 0 ? static_cast<uint8_t>(pair >> 4) : static_cast<uint8_t>(pair & 15);
}

/// Packed codes of kChunk values scaled to [-1, 1]. A value that rounding put just outside gets the
/// first or the last code.
void pack(const FourBitBook& book, const float* values, std::byte* out) {
  std::array<int32_t, kChunk> below{};  // how many midpoints are below each value
  for (const float midpoint : book.midpoints)
    for (size_t k = 0; k < kChunk; ++k) below[k] += static_cast<int32_t>(values[k] > midpoint);
  for (size_t k = 0; k < kChunk; k += 2) {
    const int high = book.order[static_cast<size_t>(below[k])];
    const int low = book.order[static_cast<size_t>(below[k + 1])];
    out[k / 2] = static_cast<std::byte>(high << 4 | low);
  }
}

/// A full block: `block` weights, a multiple of kChunk.
void quantise_full(const FourBitBook& book, const float* w, int64_t block, float absmax,
                   std::byte* out) {
  const float inverse = 1.0F / std::max(absmax, kTiny);
  std::array<float, kChunk> scaled;
  for (int64_t begin = 0; begin < block; begin += kChunk) {
    for (size_t k = 0; k < kChunk; ++k) scaled[k] = w[begin + static_cast<int64_t>(k)] * inverse;
    pack(book, scaled.data(), out + begin / 2);
  }
}

/// The short last block, padded with zeros to whole bytes. `absmax` is at least kTiny.
void quantise_short(const FourBitBook& book, const float* w, int64_t count, float absmax,
                    std::byte* out) {
  std::array<std::byte, kChunk / 2> packed;
  for (int64_t begin = 0; begin < count; begin += kChunk) {
    const int64_t size = std::min(kChunk, count - begin);
    std::array<float, kChunk> scaled{};
    for (int64_t k = 0; k < size; ++k) scaled[static_cast<size_t>(k)] = w[begin + k] / absmax;
    pack(book, scaled.data(), packed.data());
    std::copy_n(packed.data(), (size + 1) / 2, out + begin / 2);
  }
}

[[noreturn]] void refuse(const float* w, int64_t first_index, const Matrix& matrix) {
  while (magnitude_bits(*w) < kInfinityBits) ++w, ++first_index;
  throw Error(ErrorKind::kCheckpoint,
              fmt::format("weight {} in row {}, column {} has no code in {}", *w,
                          first_index / matrix.view.cols, first_index % matrix.view.cols,
                          mode(matrix.view.mode).name),
              "the checkpoint is damaged, or was made by a training run that diverged");
}

}  // namespace

Matrix allocate_four_bit(ModeId mode, int64_t rows, int64_t cols, int32_t block) {
  const int64_t count = rows * cols;
  Matrix matrix;
  matrix.codes.resize(static_cast<size_t>((count + 1) / 2));
  matrix.scales.resize(static_cast<size_t>(blocks_of(count, block)));
  matrix.view = {.mode = mode,
                 .rows = rows,
                 .cols = cols,
                 .codes = matrix.codes.data(),
                 .scales = matrix.scales.data(),
                 .block = block};
  return matrix;
}

int64_t four_bit_grain(int64_t cols, int32_t block) {
  return block / std::gcd(cols, static_cast<int64_t>(block));
}

float four_bit_absmax(const MatrixView& matrix, int64_t index) {
  if (matrix.nested_codes == nullptr) return matrix.scales[index];
  return matrix.nested_map[matrix.nested_codes[index]] *
             matrix.scales[index / matrix.nested_block] +
         matrix.nested_offset;
}

uint64_t four_bit_bytes(int64_t rows, int64_t cols, bool nested) {
  const int64_t count = rows * cols;
  const int64_t blocks = blocks_of(count, kFourBitBlock);
  const int64_t scales = nested ? blocks + 4 * blocks_of(blocks, kNestedBlock) : 4 * blocks;
  return static_cast<uint64_t>((count + 1) / 2 + scales);
}

void four_bit_dequantise(const FourBitBook& book, const MatrixView& matrix, int64_t row,
                         float* out) {
  const int64_t end = (row + 1) * matrix.cols;
  for (int64_t index = row * matrix.cols; index < end;) {
    const int64_t block = index / matrix.block;
    const float absmax = four_bit_absmax(matrix, block);
    for (const int64_t stop = std::min(end, (block + 1) * matrix.block); index < stop; ++index)
      *out++ = book.values[code_at(matrix, index)] * absmax;
  }
}

void four_bit_quantise(const FourBitBook& book, const float* weights, int64_t first, int64_t last,
                       Matrix& matrix) {
  const int64_t cols = matrix.view.cols;
  const int64_t block = matrix.view.block;
  const int64_t end = last * cols;
  if (first * cols % block != 0 || (last != matrix.view.rows && end % block != 0))
    throw Error(ErrorKind::kInternal,
                fmt::format("rows {} to {} of {} columns do not begin and end with blocks of {}",
                            first, last, cols, block));
  for (int64_t begin = first * cols; begin < end; begin += block) {
    const float* w = weights + (begin - first * cols);
    const int64_t size = std::min(block, end - begin);
    const int32_t largest = largest_magnitude(w, size);
    if (largest >= kInfinityBits) refuse(w, begin, matrix);
    float absmax = std::bit_cast<float>(largest);
    std::byte* out = matrix.codes.data() + begin / 2;
    if (size == block) {
      quantise_full(book, w, block, absmax, out);
    } else {
      absmax = std::max(absmax, kTiny);
      quantise_short(book, w, size, absmax, out);
    }
    matrix.scales[static_cast<size_t>(begin / block)] = absmax;
  }
}

void four_bit_multiply(const FourBitBook& book, const MatrixView& matrix, const float* x, float* y,
                       int64_t first, int64_t last) {
  std::vector<float> w(static_cast<size_t>(matrix.cols));
  for (int64_t n = first; n < last; ++n) {
    four_bit_dequantise(book, matrix, n, w.data());
    float sum = 0;
    for (size_t k = 0; k < w.size(); ++k) sum += w[k] * x[k];
    y[n] = sum;
  }
}

}  // namespace nety::precision
