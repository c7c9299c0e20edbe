// Exact integer dots with AVX2. Few tokens: VPMADDUBSW takes |w| and sign(x, w); 128 * 127 * 2 fits
// its 16-bit sums, as activation codes are never -128. More tokens: both sides are widened to 16
// bits once, a chunk of columns at a time, and VPMADDWD multiplies in tiles of 2 rows by 4 tokens:
// four instructions for 32 columns as well, but three of the signed ones are multiplications.
#if defined(__x86_64__)
#include "core/kernels/fetch.h"
#include "core/kernels/panels.h"
#include "core/kernels/vector_avx2.h"

namespace nety::kernels {
namespace {

constexpr int64_t kChunk = 1024;     // columns that are widened at a time: 2 KiB of a row
constexpr int64_t kMostRows = 32;    // and rows: 64 KiB, in the second cache
constexpr int kTokens = 4;           // of a tile
constexpr int64_t kManyTokens = 12;  // from which on widening rows costs less than signs

NETY_AVX2_INLINE __m256i codes_at(const int8_t* codes) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes));
}

// Columns [k, k + 32) of a row times T tokens.
template <int T>
NETY_AVX2_INLINE void add_quads(const int8_t* w, const int8_t* x, int64_t x_stride,
                                __m256i (&sum)[T]) {
  const __m256i ws = codes_at(w), size = _mm256_abs_epi8(ws);
  NETY_UNROLL
  for (int t = 0; t < T; ++t) {
    const __m256i xs = _mm256_sign_epi8(codes_at(x + t * x_stride), ws);
    const __m256i quads = _mm256_madd_epi16(_mm256_maddubs_epi16(size, xs), _mm256_set1_epi16(1));
    sum[t] = _mm256_add_epi32(sum[t], quads);
  }
}

// A row times T tokens from t on.
template <int T>
NETY_AVX2 void row_of(const IntegerPanel& p, int64_t r, int64_t t0) {
  const int8_t* const w = p.w + r * p.cols;
  const int8_t* const x = p.x + t0 * p.x_stride;
  __m256i sum[T];
  NETY_UNROLL
  for (__m256i& s : sum) s = _mm256_setzero_si256();
  int64_t k = 0;
  for (; k + 64 <= p.cols; k += 64) {
    fetch(w + k, 64);
    add_quads<T>(w + k, x + k, p.x_stride, sum);
    add_quads<T>(w + k + 32, x + k + 32, p.x_stride, sum);
  }
  if (k + 32 <= p.cols) {
    add_quads<T>(w + k, x + k, p.x_stride, sum);
    k += 32;
  }
  NETY_UNROLL
  for (int t = 0; t < T; ++t) {
    int32_t all = total(sum[t]);
    for (int64_t i = k; i < p.cols; ++i) all += w[i] * x[t * p.x_stride + i];
    p.y[(t0 + t) * p.y_stride + r] = all;
  }
}

// Row after row, as they lie in memory, for the prefetchers.
template <int T>
NETY_AVX2 void rows_of(const IntegerPanel& p, int64_t t0) {
  for (int64_t r = 0; r < p.rows; ++r) row_of<T>(p, r, t0);
}

// Sixteen columns at a time, zeros after the last.
NETY_AVX2 inline void widen(const int8_t* codes, int64_t cols, int16_t* out) {
  int64_t k = 0;
  for (; k + 16 <= cols; k += 16)
    _mm256_store_si256(
        reinterpret_cast<__m256i*>(out + k),
        _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(codes + k))));
  if (k == cols) return;
  for (int64_t i = k; i < k + 16; ++i) out[i] = i < cols ? codes[i] : int16_t{0};
}

// Sums of two rows with up to two tokens, by tokens: [t0 r0, t0 r1, t1 r0, t1 r1].
NETY_AVX2_INLINE __m128i totals(__m256i t0_r0, __m256i t0_r1, __m256i t1_r0, __m256i t1_r1) {
  const __m256i all =
      _mm256_hadd_epi32(_mm256_hadd_epi32(t0_r0, t0_r1), _mm256_hadd_epi32(t1_r0, t1_r1));
  return _mm_add_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
}

// R rows times T tokens, `steps` times 16 columns, added to y.
template <int R, int T>
NETY_AVX2 void tile(const int16_t* w, const int16_t* x, int64_t steps, int32_t* y,
                    int64_t y_stride) {
  __m256i sum[R][T];
  NETY_UNROLL
  for (auto& row : sum) {
    NETY_UNROLL
    for (__m256i& s : row) s = _mm256_setzero_si256();
  }
  for (int64_t k = 0; k < 16 * steps; k += 16) {
    __m256i ws[R];
    NETY_UNROLL
    for (int r = 0; r < R; ++r)
      ws[r] = _mm256_load_si256(reinterpret_cast<const __m256i*>(w + r * kChunk + k));
    NETY_UNROLL
    for (int t = 0; t < T; ++t) {
      const __m256i xs = _mm256_load_si256(reinterpret_cast<const __m256i*>(x + t * kChunk + k));
      NETY_UNROLL
      for (int r = 0; r < R; ++r)
        sum[r][t] = _mm256_add_epi32(sum[r][t], _mm256_madd_epi16(ws[r], xs));
    }
  }
  NETY_UNROLL
  for (int t = 0; t < T; t += 2) {
    const int next = t + 1 < T ? t + 1 : t;
    alignas(16) int32_t sums[4];
    _mm_store_si128(reinterpret_cast<__m128i*>(sums),
                    totals(sum[0][t], sum[R - 1][t], sum[0][next], sum[R - 1][next]));
    NETY_UNROLL
    for (int r = 0; r < R; ++r) {
      y[t * y_stride + r] += sums[r];
      if (t + 1 < T) y[(t + 1) * y_stride + r] += sums[2 + r];
    }
  }
}

// A chunk of columns that is widened on both sides: up to kMostRows rows, and T tokens.
struct Chunk {
  alignas(32) int16_t w[kMostRows * kChunk];
  alignas(32) int16_t x[kTokens * kChunk];
  int64_t rows, steps;

  template <int T>
  NETY_AVX2 void add(int32_t* y, int64_t y_stride) const {
    int64_t r = 0;
    for (; r + 2 <= rows; r += 2) tile<2, T>(w + r * kChunk, x, steps, y + r, y_stride);
    if (r < rows) tile<1, T>(w + r * kChunk, x, steps, y + r, y_stride);
  }
};

// Columns [k, k + count) of up to kMostRows rows from r0 on, times all tokens.
NETY_AVX2 void add_chunk(const IntegerPanel& p, int64_t r0, int64_t k, int64_t count,
                         Chunk& chunk) {
  chunk.rows = p.rows - r0 < kMostRows ? p.rows - r0 : kMostRows;
  chunk.steps = (count + 15) / 16;
  for (int64_t r = 0; r < chunk.rows; ++r)
    widen(p.w + (r0 + r) * p.cols + k, count, chunk.w + r * kChunk);
  for (int64_t t = 0; t < p.tokens; t += kTokens) {
    const int64_t some = p.tokens - t < kTokens ? p.tokens - t : kTokens;
    for (int64_t i = 0; i < some; ++i)
      widen(p.x + (t + i) * p.x_stride + k, count, chunk.x + i * kChunk);
    int32_t* const y = p.y + t * p.y_stride + r0;
    if (some == kTokens)
      chunk.add<kTokens>(y, p.y_stride);
    else if (some == 3)
      chunk.add<3>(y, p.y_stride);
    else if (some == 2)
      chunk.add<2>(y, p.y_stride);
    else
      chunk.add<1>(y, p.y_stride);
  }
}

}  // namespace

NETY_AVX2 void integer_panel_int8_avx2(const IntegerPanel& p) {
  if (p.tokens < kManyTokens) {
    int64_t t = 0;
    for (; t + 4 <= p.tokens; t += 4) rows_of<4>(p, t);
    for (; t + 2 <= p.tokens; t += 2) rows_of<2>(p, t);
    if (t < p.tokens) rows_of<1>(p, t);
    return;
  }
  for (int64_t t = 0; t < p.tokens; ++t)
    for (int64_t r = 0; r < p.rows; ++r) p.y[t * p.y_stride + r] = 0;
  Chunk chunk;
  for (int64_t r = 0; r < p.rows; r += kMostRows)
    for (int64_t k = 0; k < p.cols; k += kChunk)
      add_chunk(p, r, k, p.cols - k < kChunk ? p.cols - k : kChunk, chunk);
}

}  // namespace nety::kernels
#endif
