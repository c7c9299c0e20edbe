// Rows of 16-bit floats times a few tokens, widened on the way: lane = column mod 16, as the float
// panel sums its rows.
#if defined(__x86_64__)
#include "core/kernels/stored_rows.h"
#include "core/kernels/vector_avx512.h"
#include "core/precision/matrix_view.h"

#define NETY_TARGET NETY_AVX512
#include "core/kernels/tiles_avx512.h"

namespace nety::kernels {
namespace {

struct Bf16Values {
  NETY_AVX512_INLINE static __m512 widen(__m256i v) { return widened_bf16(v); }
};

struct Fp16Values {
  NETY_AVX512_INLINE static __m512 widen(__m256i v) { return _mm512_cvtph_ps(v); }
};

template <class Values>
struct Float16Products {
  using Sum = __m512;
  const StoredRows& p;

  NETY_AVX512_INLINE static __m512 zero() { return _mm512_setzero_ps(); }
  int64_t rows() const { return p.rows; }
  template <int R, int T>
  NETY_AVX512_INLINE void add(int64_t r0, int64_t t0, __m512 (&sum)[R * T]) const {
    const int64_t cols = p.w->cols;
    const uint16_t* w = reinterpret_cast<const uint16_t*>(p.w->codes) + (p.first + r0) * cols;
    const float* x = p.x + t0 * p.x_stride;
    int64_t k = 0;
    for (; k + 16 <= cols; k += 16) {
      __m512 xs[T];
      NETY_UNROLL
      for (int t = 0; t < T; ++t) xs[t] = _mm512_loadu_ps(x + t * p.x_stride + k);
      NETY_UNROLL
      for (int r = 0; r < R; ++r) {
        if constexpr (R == 1 && T == 1) fetch(w + k, 32);
        const __m512 ws =
            Values::widen(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(w + r * cols + k)));
        NETY_UNROLL
        for (int t = 0; t < T; ++t) sum[r * T + t] = _mm512_fmadd_ps(ws, xs[t], sum[r * T + t]);
      }
    }
    if (k == cols) return;
    const __mmask16 rest = first_lanes(cols - k);
    NETY_UNROLL
    for (int r = 0; r < R; ++r) {
      const __m512 ws = Values::widen(_mm256_maskz_loadu_epi16(rest, w + r * cols + k));
      NETY_UNROLL
      for (int t = 0; t < T; ++t)
        sum[r * T + t] = _mm512_fmadd_ps(ws, _mm512_maskz_loadu_ps(rest, x + t * p.x_stride + k),
                                         sum[r * T + t]);
    }
  }
  template <int R, int T>
  NETY_AVX512_INLINE void store(const __m512 (&sum)[R * T], int64_t r0, int64_t t0) const {
    store_sums<R, T>(sum, p.y + t0 * p.y_stride + r0, p.y_stride);
  }
};

template <class Values>
NETY_AVX512 inline void stored_float16(const StoredRows& p) {
  const Float16Products<Values> products{p};
  int64_t t = 0;
  for (; t + 2 <= p.tokens; t += 2) column<2>(products, 0, t);
  for (; t < p.tokens; ++t) row_by_row(products, t);
}

}  // namespace

NETY_AVX512 void stored_rows_bf16_avx512(const StoredRows& p) { stored_float16<Bf16Values>(p); }

NETY_AVX512 void stored_rows_fp16_avx512(const StoredRows& p) { stored_float16<Fp16Values>(p); }

}  // namespace nety::kernels
#endif
