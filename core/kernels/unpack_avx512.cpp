// Rows of 4-bit codes to fp32 with AVX-512: sixteen codes at a time, the 16 values in one register.
#if defined(__x86_64__)
#include <algorithm>
#include "core/kernels/stored_rows.h"
#include "core/kernels/vector_avx512.h"
#include "core/precision/fp4.h"
#include "core/precision/nf4.h"

namespace nety::kernels {
namespace {

NETY_AVX512 inline void unpack_four_bit_avx512(const precision::FourBitBook& book,
                                               const precision::MatrixView& matrix, int64_t row,
                                               float* out) {
  const int64_t begin = row * matrix.cols;
  const int64_t end = begin + matrix.cols;
  // Rows that are multiples of 16 begin on a byte, and pieces of 16 never cross the end of a block
  // of 32.
  if (matrix.cols % 16 != 0) return precision::four_bit_dequantise(book, matrix, row, out);
  const __m512 values = _mm512_loadu_ps(book.values.data());
  const __m128i low = _mm_set1_epi8(15);
  for (int64_t index = begin; index < end;) {
    const int64_t block = index / matrix.block;
    const __m512 absmax = _mm512_set1_ps(precision::four_bit_absmax(matrix, block));
    for (const int64_t stop = std::min(end, (block + 1) * matrix.block); index < stop;
         index += 16, out += 16) {
      const __m128i bytes =
          _mm_loadl_epi64(reinterpret_cast<const __m128i*>(matrix.codes + index / 2));
      const __m128i first = _mm_and_si128(_mm_srli_epi16(bytes, 4), low);  // high nibble first
      const __m128i codes = _mm_unpacklo_epi8(first, _mm_and_si128(bytes, low));
      const __m512 value = _mm512_permutexvar_ps(_mm512_cvtepu8_epi32(codes), values);
      _mm512_storeu_ps(out, _mm512_mul_ps(value, absmax));
    }
  }
}

}  // namespace

NETY_AVX512 void unpack_nf4_avx512(const precision::MatrixView& matrix, int64_t row, float* out) {
  unpack_four_bit_avx512(precision::kNf4Book, matrix, row, out);
}

NETY_AVX512 void unpack_nf4_dq_avx512(const precision::MatrixView& matrix, int64_t row,
                                      float* out) {
  unpack_four_bit_avx512(precision::kNf4Book, matrix, row, out);
}

NETY_AVX512 void unpack_fp4_avx512(const precision::MatrixView& matrix, int64_t row, float* out) {
  unpack_four_bit_avx512(precision::kFp4Book, matrix, row, out);
}

NETY_AVX512 void unpack_fp4_dq_avx512(const precision::MatrixView& matrix, int64_t row,
                                      float* out) {
  unpack_four_bit_avx512(precision::kFp4Book, matrix, row, out);
}

}  // namespace nety::kernels
#endif
