// What bitsandbytes' 4-bit modes share: nf4 and fp4, each with plain or nested scales.
//
// Layout: the [rows, cols] matrix is flattened row-major and cut into blocks of `block` weights,
// across row ends; the last block may be short. Byte j holds the code of weight 2j in its high
// nibble and that of weight 2j + 1 in its low one; an odd count ends in the code of 0. One fp32
// absmax per block: w = value[code] * absmax, in fp32.
//
// Quantising, all fp32: a full block is scaled by 1 / max(absmax, 1e-38), a product; the short last
// block is divided by its absmax, which is at least 1e-38. The code is that of the nearest value,
// bounds being fp32 midpoints and a tie going down.
//
// Product: y[n] = sum of (value[code] * absmax) * x, in fp32, with fp32 activations.
#pragma once

#include <cstdint>

#include "core/precision/four_bit_book.h"
#include "core/precision/mode.h"
#include "core/precision/nested_scales.h"

namespace nety::precision {

/// Weights per absmax when nothing says otherwise, as bitsandbytes has it.
inline constexpr int32_t kFourBitBlock = 64;

/// Storage for a 4-bit matrix with any legal block size (32 to 4096, a power of two).
Matrix allocate_four_bit(ModeId mode, int64_t rows, int64_t cols, int32_t block);

/// Rows to quantise together so that ranges end on block ends.
int64_t four_bit_grain(int64_t cols, int32_t block);

uint64_t four_bit_bytes(int64_t rows, int64_t cols, bool nested);
void four_bit_quantise(const FourBitBook& book, const float* weights, int64_t first, int64_t last,
                       Matrix& matrix);
void four_bit_multiply(const FourBitBook& book, const MatrixView& matrix, const float* x, float* y,
                       int64_t first, int64_t last);

/// The mode of a book: its functions take no context, hence the template arguments.
template <const FourBitBook& book, ModeId id, bool nested>
constexpr ModeFunctions four_bit_mode() {
  return {.bytes = [](int64_t rows, int64_t cols) { return four_bit_bytes(rows, cols, nested); },
          .group = 1,
          .dequantise = [](const MatrixView& matrix, int64_t row,
                           float* out) { four_bit_dequantise(book, matrix, row, out); },
          .allocate = [](int64_t rows,
                         int64_t cols) { return allocate_four_bit(id, rows, cols, kFourBitBlock); },
          .row_grain = [](int64_t cols) { return four_bit_grain(cols, kFourBitBlock); },
          .quantise = [](const float* weights, int64_t first, int64_t last,
                         Matrix& matrix) { four_bit_quantise(book, weights, first, last, matrix); },
          .finish = nested ? nest_scales : nullptr,
          .multiply = [](const MatrixView& matrix, const float* x, float* y, int64_t first,
                         int64_t last) { four_bit_multiply(book, matrix, x, y, first, last); }};
}

}  // namespace nety::precision
