// Rows of fp8 to fp32, and times tokens one by one, widened on the way: lane = column mod 16, as
// the float panel sums its rows, and the last columns one by one.
#if defined(__x86_64__)
#include <cstring>

#include "core/kernels/stored_rows.h"
#include "core/kernels/vector_avx2.h"
#include "core/precision/matrix_view.h"

#define NETY_TARGET NETY_AVX2
#include "core/kernels/fp8_scales.h"

namespace nety::kernels {
namespace {

// A code without its sign, seven bits up, is a half whose exponent is 8 too small; but for the code
// of NaN.
NETY_AVX2_INLINE __m256 widened_fp8(__m128i codes) {
  const __m128i wide = _mm_cvtepu8_epi16(codes);
  const __m128i magnitude = _mm_slli_epi16(_mm_and_si128(wide, _mm_set1_epi16(0x7f)), 7);
  const __m128i sign = _mm_slli_epi16(_mm_and_si128(wide, _mm_set1_epi16(0x80)), 8);
  const __m128i nan = _mm_cmpeq_epi16(magnitude, _mm_set1_epi16(0x3f80));
  const __m128i rest = _mm_blendv_epi8(magnitude, _mm_set1_epi16(0x7e00), nan);
  return _mm256_mul_ps(_mm256_cvtph_ps(_mm_or_si128(rest, sign)), _mm256_set1_ps(256.0F));
}

// The scales of columns k to k + 7.
NETY_AVX2_INLINE __m256 scales_of(const Fp8Scales& scales, int64_t k) {
  if (scales.even()) return _mm256_set1_ps(scales.at(k));
  alignas(32) float lanes[8];
  for (int64_t i = 0; i < 8; ++i) lanes[i] = scales.at(k + i);
  return _mm256_load_ps(lanes);
}

NETY_AVX2_INLINE __m256 eight(const std::byte* codes, __m256 scale) {
  return _mm256_mul_ps(widened_fp8(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(codes))),
                       scale);
}

// Columns k on, fewer than eight, as floats.
NETY_AVX2 inline void last_columns(const std::byte* codes, const Fp8Scales& scales, int64_t k,
                                   int64_t count, float* out) {
  std::byte some[8]{};
  std::memcpy(some, codes + k, static_cast<size_t>(count));
  alignas(32) float values[8];
  _mm256_store_ps(values, eight(some, scales_of(scales, k)));
  std::memcpy(out, values, static_cast<size_t>(count) * sizeof(float));
}

NETY_AVX2 inline float fp8_row(const StoredRows& p, int64_t r, int64_t t) {
  const int64_t cols = p.w->cols;
  const Fp8Scales scales(*p.w, p.first + r);
  const std::byte* row = p.w->codes + (p.first + r) * cols;
  const float* x = p.x + t * p.x_stride;
  const int64_t stretch = scales.stretch(), whole = cols / 16 * 16;
  __m256 sum[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
  const bool even = scales.even();
  int64_t piece = 0;
  for (int64_t k0 = 0; k0 < whole; k0 += stretch, ++piece) {
    const int64_t end = k0 + stretch < whole ? k0 + stretch : whole;
    const __m256 low = even ? _mm256_set1_ps(scales.piece(piece)) : scales_of(scales, k0);
    const __m256 high = even ? low : scales_of(scales, k0 + 8);
    for (int64_t k = k0; k < end; k += 16) {
      sum[0] = _mm256_fmadd_ps(eight(row + k, low), _mm256_loadu_ps(x + k), sum[0]);
      sum[1] = _mm256_fmadd_ps(eight(row + k + 8, high), _mm256_loadu_ps(x + k + 8), sum[1]);
    }
  }
  int64_t k = whole;
  if (k + 8 <= cols) {
    sum[0] = _mm256_fmadd_ps(eight(row + k, scales_of(scales, k)), _mm256_loadu_ps(x + k), sum[0]);
    k += 8;
  }
  float rest = 0, last[8];
  last_columns(row, scales, k, cols - k, last);
  for (int64_t i = 0; k + i < cols; ++i) rest += last[i] * x[k + i];
  return total(sum[0], sum[1]) + rest;
}

}  // namespace

NETY_AVX2 void unpack_fp8_avx2(const precision::MatrixView& matrix, int64_t row, float* out) {
  const Fp8Scales scales(matrix, row);
  const std::byte* codes = matrix.codes + row * matrix.cols;
  int64_t k = 0;
  for (; k + 8 <= matrix.cols; k += 8)
    _mm256_storeu_ps(out + k, eight(codes + k, scales_of(scales, k)));
  last_columns(codes, scales, k, matrix.cols - k, out + k);
}

NETY_AVX2 void stored_rows_fp8_avx2(const StoredRows& p) {
  for (int64_t t = 0; t < p.tokens; ++t)
    for (int64_t r = 0; r < p.rows; ++r)  // as they lie in memory, for the hardware's prefetchers
      p.y[t * p.y_stride + r] = fp8_row(p, r, t);
}

}  // namespace nety::kernels
#endif
