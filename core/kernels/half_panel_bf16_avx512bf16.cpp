// bf16 products with VDPBF16PS: 32 weights and 32 activations per step and lane pair, sums in fp32.
// Tiles of up to 4 rows by 6 tokens, each (row, token) summed over k in the same order whatever the
// tile. The instruction takes subnormal inputs as zero.
#include "core/kernels/kernels.h"

#if defined(__x86_64__)
#include "core/kernels/sums_avx512.h"

#define NETY_AVX512_BF16                                                          \
  __attribute__((                                                                 \
      target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512bf16,avx2,fma," \
             "f16c")))

namespace nety::kernels {
namespace {

NETY_AVX512_BF16 inline __m512bh pairs(__m512i v) { return reinterpret_cast<__m512bh&>(v); }

template <int R, int T>
NETY_AVX512_BF16 void tile(const HalfPanel& p, int64_t r0, int64_t t0) {
  const uint16_t* w = p.w + r0 * p.w_stride;
  const uint16_t* x = p.x + t0 * p.x_stride;
  const int64_t ahead = R * p.w_stride;  // the next tile's rows
  __m512 sum[R * T];
  for (__m512& s : sum) s = _mm512_setzero_ps();
  int64_t k = 0;
  for (; k + 32 <= p.cols; k += 32) {
    __m512bh xs[T];
    for (int t = 0; t < T; ++t) xs[t] = pairs(_mm512_loadu_si512(x + t * p.x_stride + k));
    for (int r = 0; r < R; ++r) {
      const uint16_t* row = w + r * p.w_stride + k;
      if (T == 1) _mm_prefetch(reinterpret_cast<const char*>(row + ahead), _MM_HINT_T0);
      const __m512bh ws = pairs(_mm512_loadu_si512(row));
      for (int t = 0; t < T; ++t) sum[r * T + t] = _mm512_dpbf16_ps(sum[r * T + t], ws, xs[t]);
    }
  }
  if (k < p.cols) {
    const __mmask32 rest = static_cast<__mmask32>((uint64_t{1} << (p.cols - k)) - 1U);
    for (int t = 0; t < T; ++t) {
      const __m512bh xs = pairs(_mm512_maskz_loadu_epi16(rest, x + t * p.x_stride + k));
      for (int r = 0; r < R; ++r)
        sum[r * T + t] = _mm512_dpbf16_ps(
            sum[r * T + t], pairs(_mm512_maskz_loadu_epi16(rest, w + r * p.w_stride + k)), xs);
    }
  }
  store_sums<R, T>(sum, p.y + t0 * p.y_stride + r0, p.y_stride);
}

template <int T>
NETY_AVX512_BF16 void column(const HalfPanel& p, int64_t t0) {
  int64_t r = 0;
  for (; r + 4 <= p.rows; r += 4) tile<4, T>(p, r, t0);
  for (; r < p.rows; ++r) tile<1, T>(p, r, t0);
}

}  // namespace

NETY_AVX512_BF16 void half_panel_bf16_avx512bf16(const HalfPanel& p) {
  if (p.tokens == 1) {
    int64_t r = 0;
    for (; r + 8 <= p.rows; r += 8) tile<8, 1>(p, r, 0);
    for (; r < p.rows; ++r) tile<1, 1>(p, r, 0);
    return;
  }
  int64_t t = 0;
  for (; t + 6 <= p.tokens; t += 6) column<6>(p, t);
  for (; t + 2 <= p.tokens; t += 2) column<2>(p, t);
  for (; t < p.tokens; ++t) column<1>(p, t);
}

}  // namespace nety::kernels
#endif
