// Exact integer dots with VNNI. VPDPBUSD takes an unsigned operand: weights go in as code + 128,
// and 128 * (sum of activation codes) comes off at the end.
#include "core/kernels/kernels.h"

#if defined(__x86_64__)
#include "core/kernels/vector_avx512.h"

namespace nety::kernels {
namespace {

NETY_AVX512 inline __mmask64 mask_of(int64_t left) {
  return left >= 64 ? ~__mmask64{0} : (__mmask64{1} << left) - 1;
}

template <int R, int T>
NETY_AVX512 void tile(const IntegerPanel& p, int64_t r0, int64_t t0) {
  const __m512i flip = _mm512_set1_epi8(static_cast<char>(0x80));
  __m512i sums[R][T], x_sums[T];
  for (auto& row : sums)
    for (__m512i& s : row) s = _mm512_setzero_si512();
  for (__m512i& s : x_sums) s = _mm512_setzero_si512();
  for (int64_t k = 0; k < p.cols; k += 64) {
    const __mmask64 some = mask_of(p.cols - k);
    __m512i xs[T];
    for (int t = 0; t < T; ++t) {
      xs[t] = _mm512_maskz_loadu_epi8(some, p.x + (t0 + t) * p.x_stride + k);
      x_sums[t] = _mm512_dpbusd_epi32(x_sums[t], flip, xs[t]);
    }
    for (int r = 0; r < R; ++r) {
      const __m512i ws =
          _mm512_xor_si512(_mm512_maskz_loadu_epi8(some, p.w + (r0 + r) * p.cols + k), flip);
      for (int t = 0; t < T; ++t) sums[r][t] = _mm512_dpbusd_epi32(sums[r][t], ws, xs[t]);
    }
  }
  for (int t = 0; t < T; ++t) {
    const int32_t offset = _mm512_reduce_add_epi32(x_sums[t]);
    for (int r = 0; r < R; ++r)
      p.y[(t0 + t) * p.y_stride + r0 + r] = _mm512_reduce_add_epi32(sums[r][t]) - offset;
  }
}

template <int T>
NETY_AVX512 void column(const IntegerPanel& p, int64_t t0) {
  int64_t r = 0;
  for (; r + 4 <= p.rows; r += 4) tile<4, T>(p, r, t0);
  for (; r < p.rows; ++r) tile<1, T>(p, r, t0);
}

}  // namespace

NETY_AVX512 void integer_panel_int8_avx512(const IntegerPanel& p) {
  if (p.tokens == 1) {
    int64_t r = 0;
    for (; r + 8 <= p.rows; r += 8) tile<8, 1>(p, r, 0);
    for (; r < p.rows; ++r) tile<1, 1>(p, r, 0);
    return;
  }
  int64_t t = 0;
  for (; t + 5 <= p.tokens; t += 5) column<5>(p, t);
  for (; t < p.tokens; ++t) column<1>(p, t);
}

}  // namespace nety::kernels
#endif
