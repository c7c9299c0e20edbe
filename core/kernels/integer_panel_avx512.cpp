// Exact integer dots with VNNI. VPDPBUSD takes an unsigned operand: weights go in as code + 128,
// and 128 * (sum of activation codes) comes off at the end.
#if defined(__x86_64__)
#include "core/kernels/panels.h"
#include "core/kernels/vector_avx512.h"

#define NETY_TARGET NETY_AVX512
#include "core/kernels/tiles_avx512.h"

namespace nety::kernels {
namespace {

NETY_AVX512 inline __mmask64 mask_of(int64_t left) {
  return left >= 64 ? ~__mmask64{0} : (__mmask64{1} << left) - 1;
}

// 128 * (sum of activation codes) of T tokens.
template <int T>
NETY_AVX512 inline void offsets_of(const IntegerPanel& p, int64_t t0, int32_t (&offsets)[T]) {
  const __m512i flip = _mm512_set1_epi8(static_cast<char>(0x80));
  NETY_UNROLL
  for (int t = 0; t < T; ++t) {
    __m512i sum = _mm512_setzero_si512();
    const int8_t* x = p.x + (t0 + t) * p.x_stride;
    for (int64_t k = 0; k < p.cols; k += 64)
      sum = _mm512_dpbusd_epi32(sum, flip, _mm512_maskz_loadu_epi8(mask_of(p.cols - k), x + k));
    offsets[t] = _mm512_reduce_add_epi32(sum);
  }
}

// `whole`: columns are a multiple of 64, so no registers are kept for a remainder.
template <int R, int T, bool whole>
NETY_AVX512_INLINE void add_products(const IntegerPanel& p, int64_t r0, int64_t t0,
                                     __m512i (&sums)[R * T]) {
  const __m512i flip = _mm512_set1_epi8(static_cast<char>(0x80));
  const int8_t* w = p.w + r0 * p.cols;
  const int8_t* x = p.x + t0 * p.x_stride;
  int64_t k = 0;
  for (; k + 64 <= p.cols; k += 64) {
    NETY_UNROLL
    for (int r = 0; r < R; ++r) {
      if constexpr (R == 1 && T == 1) fetch(w + k, 64);
      const __m512i ws = _mm512_xor_si512(_mm512_loadu_si512(w + r * p.cols + k), flip);
      NETY_UNROLL
      for (int t = 0; t < T; ++t)
        sums[r * T + t] =
            _mm512_dpbusd_epi32(sums[r * T + t], ws, _mm512_loadu_si512(x + t * p.x_stride + k));
    }
  }
  if (whole || k == p.cols) return;
  const __mmask64 some = mask_of(p.cols - k);
  NETY_UNROLL
  for (int r = 0; r < R; ++r) {
    const __m512i ws = _mm512_xor_si512(_mm512_maskz_loadu_epi8(some, w + r * p.cols + k), flip);
    NETY_UNROLL
    for (int t = 0; t < T; ++t)
      sums[r * T + t] = _mm512_dpbusd_epi32(sums[r * T + t], ws,
                                            _mm512_maskz_loadu_epi8(some, x + t * p.x_stride + k));
  }
}

// A function of its own, because inlined GCC keeps the accumulators of the loop in memory.
template <int R, int T>
NETY_AVX512 __attribute__((noinline)) void finish(const __m512i* sums, const int32_t (&offsets)[T],
                                                  int32_t* y, int64_t stride) {
  __m512i all[R * T];
  NETY_UNROLL
  for (int i = 0; i < R * T; ++i) all[i] = sums[i];
  store_sums<R, T>(all, offsets, y, stride);
}

template <int R, int T, bool whole>
NETY_AVX512 void integer_tile(const IntegerPanel& p, int64_t r0, int64_t t0,
                              const int32_t (&offsets)[T]) {
  __m512i sums[R * T];
  NETY_UNROLL
  for (__m512i& s : sums) s = _mm512_setzero_si512();
  add_products<R, T, whole>(p, r0, t0, sums);
  alignas(64) __m512i out[R * T];
  NETY_UNROLL
  for (int i = 0; i < R * T; ++i) out[i] = sums[i];
  finish<R, T>(out, offsets, p.y + t0 * p.y_stride + r0, p.y_stride);
}

template <int R, int T>
NETY_AVX512 void integer_column(const IntegerPanel& p, int64_t t0) {
  const bool whole = p.cols % 64 == 0;
  int32_t offsets[T];
  offsets_of<T>(p, t0, offsets);
  int64_t r = 0;
  for (; r + R <= p.rows; r += R)
    whole ? integer_tile<R, T, true>(p, r, t0, offsets)
          : integer_tile<R, T, false>(p, r, t0, offsets);
  for (; r < p.rows; ++r) integer_tile<1, T, false>(p, r, t0, offsets);
}

/// One token, for row_by_row().
struct OneToken {
  using Sum = __m512i;
  const IntegerPanel& p;
  int32_t offsets[1];

  NETY_AVX512_INLINE static __m512i zero() { return _mm512_setzero_si512(); }
  int64_t rows() const { return p.rows; }
  template <int R, int T>
  NETY_AVX512_INLINE void add(int64_t r0, int64_t t0, __m512i (&sum)[R * T]) const {
    add_products<R, T, false>(p, r0, t0, sum);
  }
  template <int R, int T>
  NETY_AVX512_INLINE void store(const __m512i (&sum)[R * T], int64_t r0, int64_t t0) const {
    store_sums<R, T>(sum, offsets, p.y + t0 * p.y_stride + r0, p.y_stride);
  }
};

}  // namespace

NETY_AVX512 void integer_panel_int8_avx512(const IntegerPanel& p) {
  int64_t t = 0;
  for (; t + 6 <= p.tokens; t += 6) integer_column<4, 6>(p, t);
  for (; t + 2 <= p.tokens; t += 2) integer_column<4, 2>(p, t);
  for (; t < p.tokens; ++t) {
    OneToken one{p, {}};
    offsets_of<1>(p, t, one.offsets);
    row_by_row(one, t);
  }
}

}  // namespace nety::kernels
#endif
