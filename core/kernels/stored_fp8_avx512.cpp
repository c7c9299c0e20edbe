// Rows of fp8 to fp32, and times a few tokens, widened on the way: lane = column mod 16, as the
// float panel sums its rows.
#if defined(__x86_64__)
#include "core/kernels/stored_rows.h"
#include "core/kernels/vector_avx512.h"
#include "core/precision/matrix_view.h"

#define NETY_TARGET NETY_AVX512
#include "core/kernels/fp8_scales.h"
#include "core/kernels/tiles_avx512.h"

namespace nety::kernels {
namespace {

// A code without its sign, seven bits up, is a half whose exponent is 8 too small; but for the code
// of NaN.
NETY_AVX512_INLINE __m512 widened_fp8(__m128i codes) {
  const __m256i wide = _mm256_cvtepu8_epi16(codes);
  const __m256i magnitude = _mm256_slli_epi16(_mm256_and_si256(wide, _mm256_set1_epi16(0x7f)), 7);
  const __m256i sign = _mm256_slli_epi16(_mm256_and_si256(wide, _mm256_set1_epi16(0x80)), 8);
  const __mmask16 nan = _mm256_cmpeq_epi16_mask(magnitude, _mm256_set1_epi16(0x3f80));
  const __m256i rest = _mm256_mask_blend_epi16(nan, magnitude, _mm256_set1_epi16(0x7e00));
  return _mm512_mul_ps(_mm512_cvtph_ps(_mm256_or_si256(rest, sign)), _mm512_set1_ps(256.0F));
}

// The scales of columns k to k + 15.
NETY_AVX512_INLINE __m512 scales_of(const Fp8Scales& scales, int64_t k) {
  if (scales.even()) return _mm512_set1_ps(scales.at(k));
  alignas(64) float lanes[16];
  for (int64_t i = 0; i < 16; ++i) lanes[i] = scales.at(k + i);
  return _mm512_load_ps(lanes);
}

struct Fp8Products {
  using Sum = __m512;
  const StoredRows& p;

  NETY_AVX512_INLINE static __m512 zero() { return _mm512_setzero_ps(); }
  int64_t rows() const { return p.rows; }
  template <int R, int T>
  NETY_AVX512_INLINE void add(int64_t r0, int64_t t0, __m512 (&sum)[R * T]) const {
    const int64_t cols = p.w->cols;
    const std::byte* w = p.w->codes + (p.first + r0) * cols;
    const float* x = p.x + t0 * p.x_stride;
    Fp8Scales scales[R];
    for (int r = 0; r < R; ++r) scales[r] = Fp8Scales(*p.w, p.first + r0 + r);
    const bool even = scales[0].even();
    const int64_t stretch = scales[0].stretch();
    int64_t piece = 0;
    for (int64_t k0 = 0; k0 < cols; k0 += stretch, ++piece) {
      const int64_t end = k0 + stretch < cols ? k0 + stretch : cols;
      __m512 scale[R];
      NETY_UNROLL
      for (int r = 0; r < R; ++r)
        scale[r] = even ? _mm512_set1_ps(scales[r].piece(piece)) : scales_of(scales[r], k0);
      for (int64_t k = k0; k < end; k += 16) {
        const __mmask16 lanes = first_lanes(cols - k);
        __m512 xs[T];
        NETY_UNROLL
        for (int t = 0; t < T; ++t) xs[t] = _mm512_maskz_loadu_ps(lanes, x + t * p.x_stride + k);
        NETY_UNROLL
        for (int r = 0; r < R; ++r) {
          const __m512 ws =
              _mm512_mul_ps(widened_fp8(_mm_maskz_loadu_epi8(lanes, w + r * cols + k)), scale[r]);
          NETY_UNROLL
          for (int t = 0; t < T; ++t) sum[r * T + t] = _mm512_fmadd_ps(ws, xs[t], sum[r * T + t]);
        }
      }
    }
  }
  template <int R, int T>
  NETY_AVX512_INLINE void store(const __m512 (&sum)[R * T], int64_t r0, int64_t t0) const {
    store_sums<R, T>(sum, p.y + t0 * p.y_stride + r0, p.y_stride);
  }
};

}  // namespace

NETY_AVX512 void unpack_fp8_avx512(const precision::MatrixView& matrix, int64_t row, float* out) {
  const Fp8Scales scales(matrix, row);
  const std::byte* codes = matrix.codes + row * matrix.cols;
  for (int64_t k = 0; k < matrix.cols; k += 16) {
    const __mmask16 lanes = first_lanes(matrix.cols - k);
    const __m512 values = widened_fp8(_mm_maskz_loadu_epi8(lanes, codes + k));
    _mm512_mask_storeu_ps(out + k, lanes, _mm512_mul_ps(values, scales_of(scales, k)));
  }
}

NETY_AVX512 void stored_rows_fp8_avx512(const StoredRows& p) {
  const Fp8Products products{p};
  int64_t t = 0;
  for (; t + 2 <= p.tokens; t += 2) column<2>(products, 0, t);
  for (; t < p.tokens; ++t) row_by_row(products, t);
}

}  // namespace nety::kernels
#endif
