// 4-bit codes to fp32 with AVX2: eight codes at a time, the 16 values in two registers.
#pragma once

#include <algorithm>

#include "core/kernels/vector_avx2.h"
#include "core/precision/four_bit.h"

namespace nety::kernels {
namespace {

// Weights [index, index + 8), index even, times absmax.
NETY_AVX2 inline void eight_of_four_bits(const std::byte* pairs, __m256 below, __m256 above,
                                         __m256 absmax, float* out) {
  int32_t four;
  std::copy_n(pairs, 4, reinterpret_cast<std::byte*>(&four));
  const __m128i bytes = _mm_cvtsi32_si128(four);
  const __m128i low = _mm_set1_epi8(15);
  const __m128i first = _mm_and_si128(_mm_srli_epi16(bytes, 4), low);  // high nibble first
  const __m256i codes = _mm256_cvtepu8_epi32(_mm_unpacklo_epi8(first, _mm_and_si128(bytes, low)));
  // VPERMPS looks at three bits; the fourth chooses between the halves of the table.
  const __m256 value = _mm256_blendv_ps(_mm256_permutevar8x32_ps(below, codes),
                                        _mm256_permutevar8x32_ps(above, codes),
                                        _mm256_castsi256_ps(_mm256_slli_epi32(codes, 28)));
  _mm256_storeu_ps(out, _mm256_mul_ps(value, absmax));
}

NETY_AVX2 inline void unpack_four_bit_avx2(const precision::FourBitBook& book,
                                           const precision::MatrixView& matrix, int64_t row,
                                           float* out) {
  const int64_t begin = row * matrix.cols;
  const int64_t end = begin + matrix.cols;
  if (begin % 2 != 0 || matrix.cols % 8 != 0)
    return precision::four_bit_dequantise(book, matrix, row, out);
  const __m256 below = _mm256_loadu_ps(book.values.data());
  const __m256 above = _mm256_loadu_ps(book.values.data() + 8);
  for (int64_t index = begin; index < end;) {
    const int64_t block = index / matrix.block;
    const __m256 absmax = _mm256_set1_ps(precision::four_bit_absmax(matrix, block));
    // Rows are multiples of 8 and blocks of 32, so pieces of 8 never cross a block's end.
    for (const int64_t stop = std::min(end, (block + 1) * matrix.block); index < stop;
         index += 8, out += 8)
      eight_of_four_bits(matrix.codes + index / 2, below, above, absmax, out);
  }
}

}  // namespace
}  // namespace nety::kernels
