// Rows of 16-bit floats times a few tokens, widened on the way: lane = column mod 16, as the float
// panel sums its rows, and the last columns one by one. A row alone has two sums, of which each
// waits four cycles for its last multiply-add: 32 bytes of weights per four cycles, less than a
// core can read. So rows go in pairs, and what lies ahead is fetched in the order of memory.
#if defined(__x86_64__)
#include "core/base/half.h"
#include "core/kernels/stored_rows.h"
#include "core/kernels/vector_avx2.h"
#include "core/precision/matrix_view.h"

namespace nety::kernels {
namespace {

constexpr int64_t kAhead = 4096;  // values to fetch ahead: 8 KiB

struct Bf16Values {
  NETY_AVX2_INLINE static __m256 eight(const uint16_t* w) {
    return widened_bf16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(w)));
  }
  static inline float one(uint16_t v) { return float_from_bf16(v); }
};

struct Fp16Values {
  NETY_AVX2_INLINE static __m256 eight(const uint16_t* w) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(w)));
  }
  static inline float one(uint16_t v) { return float_from_fp16(v); }
};

// Eight columns of R rows times T tokens, into one of the vectors of each sum.
template <class Values, int R, int T, int half>
NETY_AVX2_INLINE void add_eight(const uint16_t* w, int64_t cols, const float* x, int64_t x_stride,
                                __m256 (&sum)[R][T][2]) {
  NETY_UNROLL
  for (int r = 0; r < R; ++r) {
    const __m256 ws = Values::eight(w + r * cols);
    NETY_UNROLL
    for (int t = 0; t < T; ++t)
      sum[r][t][half] = _mm256_fmadd_ps(ws, _mm256_loadu_ps(x + t * x_stride), sum[r][t][half]);
  }
}

template <class Values, int R, int T>
NETY_AVX2 void tile(const StoredRows& p, int64_t r0, int64_t t0) {
  const int64_t cols = p.w->cols;
  const uint16_t* w = reinterpret_cast<const uint16_t*>(p.w->codes) + (p.first + r0) * cols;
  const float* x = p.x + t0 * p.x_stride;
  const uint16_t* ahead = w + kAhead;
  __m256 sum[R][T][2];
  NETY_UNROLL
  for (auto& row : sum) {
    NETY_UNROLL
    for (auto& pair : row) pair[0] = pair[1] = _mm256_setzero_ps();
  }
  int64_t k = 0;
  const auto sixteen = [&]() __attribute__((always_inline, target("avx2,fma,f16c"))) {
    add_eight<Values, R, T, 0>(w + k, cols, x + k, p.x_stride, sum);
    add_eight<Values, R, T, 1>(w + k + 8, cols, x + k + 8, p.x_stride, sum);
    k += 16;
  };
  for (; k + 32 <= cols; ahead += 32 * R) {
    NETY_UNROLL
    for (int r = 0; r < R; ++r)
      _mm_prefetch(reinterpret_cast<const char*>(ahead + 32 * r), _MM_HINT_T0);
    sixteen();
    sixteen();
  }
  if (k + 16 <= cols) sixteen();
  if (k + 8 <= cols) {
    add_eight<Values, R, T, 0>(w + k, cols, x + k, p.x_stride, sum);
    k += 8;
  }
  NETY_UNROLL
  for (int r = 0; r < R; ++r) {
    NETY_UNROLL
    for (int t = 0; t < T; ++t) {
      float rest = 0;
      for (int64_t i = k; i < cols; ++i)
        rest += Values::one(w[r * cols + i]) * x[t * p.x_stride + i];
      p.y[(t0 + t) * p.y_stride + r0 + r] = total(sum[r][t][0], sum[r][t][1]) + rest;
    }
  }
}

template <class Values, int T>
NETY_AVX2 inline void column(const StoredRows& p, int64_t t) {
  int64_t r = 0;
  for (; r + 2 <= p.rows; r += 2) tile<Values, 2, T>(p, r, t);
  if (r < p.rows) tile<Values, 1, T>(p, r, t);
}

template <class Values>
NETY_AVX2 inline void stored_float16(const StoredRows& p) {
  int64_t t = 0;
  for (; t + 2 <= p.tokens; t += 2) column<Values, 2>(p, t);
  if (t < p.tokens) column<Values, 1>(p, t);
}

}  // namespace

NETY_AVX2 void stored_rows_bf16_avx2(const StoredRows& p) { stored_float16<Bf16Values>(p); }

NETY_AVX2 void stored_rows_fp16_avx2(const StoredRows& p) { stored_float16<Fp16Values>(p); }

}  // namespace nety::kernels
#endif
