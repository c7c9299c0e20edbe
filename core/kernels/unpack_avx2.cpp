// Rows to fp32 with AVX2. bf16 is a shift, fp16 F16C's conversion, both exact; 4-bit codes go eight
// at a time, their 16 values in two registers.
#if defined(__x86_64__)
#include <algorithm>
#include "core/base/half.h"
#include "core/kernels/stored_rows.h"
#include "core/kernels/vector_avx2.h"
#include "core/precision/fp4.h"
#include "core/precision/nf4.h"

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

NETY_AVX2 void unpack_bf16_avx2(const precision::MatrixView& matrix, int64_t row, float* out) {
  const int64_t cols = matrix.cols;
  const auto* bits = reinterpret_cast<const uint16_t*>(matrix.codes) + row * cols;
  int64_t k = 0;
  for (; k + 8 <= cols; k += 8) {
    const __m128i eight = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bits + k));
    _mm256_storeu_ps(out + k, widened_bf16(eight));
  }
  for (; k < cols; ++k) out[k] = float_from_bf16(bits[k]);
}

NETY_AVX2 void unpack_fp16_avx2(const precision::MatrixView& matrix, int64_t row, float* out) {
  const int64_t cols = matrix.cols;
  const auto* bits = reinterpret_cast<const uint16_t*>(matrix.codes) + row * cols;
  int64_t k = 0;
  for (; k + 8 <= cols; k += 8)
    _mm256_storeu_ps(out + k,
                     _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bits + k))));
  for (; k < cols; ++k) out[k] = float_from_fp16(bits[k]);
}

NETY_AVX2 void unpack_nf4_avx2(const precision::MatrixView& matrix, int64_t row, float* out) {
  unpack_four_bit_avx2(precision::kNf4Book, matrix, row, out);
}

NETY_AVX2 void unpack_nf4_dq_avx2(const precision::MatrixView& matrix, int64_t row, float* out) {
  unpack_four_bit_avx2(precision::kNf4Book, matrix, row, out);
}

NETY_AVX2 void unpack_fp4_avx2(const precision::MatrixView& matrix, int64_t row, float* out) {
  unpack_four_bit_avx2(precision::kFp4Book, matrix, row, out);
}

NETY_AVX2 void unpack_fp4_dq_avx2(const precision::MatrixView& matrix, int64_t row, float* out) {
  unpack_four_bit_avx2(precision::kFp4Book, matrix, row, out);
}

}  // namespace nety::kernels
#endif
