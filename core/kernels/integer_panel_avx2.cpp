// Exact integer dots with AVX2: both operands widened to 16 bits, so that nothing saturates.
#if defined(__x86_64__)
#include "core/kernels/panels.h"
#include "core/kernels/vector_avx2.h"

namespace nety::kernels {
namespace {

NETY_AVX2 inline __m256i widened(const int8_t* codes) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(codes)));
}

template <int R>
NETY_AVX2 void tile(const IntegerPanel& p, int64_t r0, int64_t t) {
  const int8_t* x = p.x + t * p.x_stride;
  __m256i sums[R];
  for (__m256i& s : sums) s = _mm256_setzero_si256();
  int64_t k = 0;
  for (; k + 16 <= p.cols; k += 16) {
    const __m256i xs = widened(x + k);
    for (int r = 0; r < R; ++r)
      sums[r] =
          _mm256_add_epi32(sums[r], _mm256_madd_epi16(widened(p.w + (r0 + r) * p.cols + k), xs));
  }
  for (int r = 0; r < R; ++r) {
    int32_t sum = total(sums[r]);
    for (int64_t i = k; i < p.cols; ++i) sum += p.w[(r0 + r) * p.cols + i] * x[i];
    p.y[t * p.y_stride + r0 + r] = sum;
  }
}

}  // namespace

NETY_AVX2 void integer_panel_int8_avx2(const IntegerPanel& p) {
  if (p.tokens == 1) {  // decode: row after row, as they lie in memory, for the prefetchers
    for (int64_t r = 0; r < p.rows; ++r) tile<1>(p, r, 0);
    return;
  }
  for (int64_t t = 0; t < p.tokens; ++t) {
    int64_t r = 0;
    for (; r + 8 <= p.rows; r += 8) tile<8>(p, r, t);
    for (; r < p.rows; ++r) tile<1>(p, r, t);
  }
}

}  // namespace nety::kernels
#endif
