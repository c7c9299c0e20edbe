// fp32 products. Every sum is two vectors, lane = column mod 16. Prefill takes tiles of 4 weight
// rows by 3 tokens one vector of each sum at a time: columns 0 to 7 of each 16 of a chunk, then
// columns 8 to 15. So 12 of AVX2's 16 registers accumulate, and seven loads feed 12 multiply-adds;
// with both vectors at once, 2 rows by 3 tokens, it were ten. A chunk stays in the first cache
// for the second half, which fetches the next tile's rows; between chunks the sums wait in memory.
#if defined(__x86_64__)
#include "core/kernels/fetch.h"
#include "core/kernels/panels.h"
#include "core/kernels/vector_avx2.h"

namespace nety::kernels {
namespace {

constexpr int kRows = 4, kTokens = 3;  // of a tile
constexpr int kSums = kRows * kTokens;
constexpr int64_t kChunk = 256;                      // columns: 4 KiB of a tile's rows
constexpr int64_t kMostRows = 32, kMostTokens = 24;  // whose sums wait: 48 KiB

inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

NETY_AVX2_INLINE void fetch(const float* at) {
  _mm_prefetch(reinterpret_cast<const char*>(at), _MM_HINT_T0);
}

// Eight columns from w and x on, into one of the vectors of each sum.
template <int R, int T, int half>
NETY_AVX2_INLINE void add_products(const FloatPanel& p, const float* w, const float* x,
                                   __m256 (&sum)[R][T][2]) {
  __m256 xs[T];
  NETY_UNROLL
  for (int t = 0; t < T; ++t) {
    xs[t] = _mm256_loadu_ps(x + t * p.x_stride);
    __asm__("" : "+x"(xs[t]));  // GCC would load it again for each row: more than two per cycle
  }
  NETY_UNROLL
  for (int r = 0; r < R; ++r) {
    const __m256 ws = _mm256_loadu_ps(w + r * p.w_stride);
    NETY_UNROLL
    for (int t = 0; t < T; ++t) sum[r][t][half] = _mm256_fmadd_ps(ws, xs[t], sum[r][t][half]);
  }
}

// All columns of a few rows and tokens, both vectors of each sum at once.
template <int R, int T>
NETY_AVX2 void tile(const FloatPanel& p, int64_t r0, int64_t t0) {
  const float* w = p.w + r0 * p.w_stride;
  const float* x = p.x + t0 * p.x_stride;
  __m256 sum[R][T][2];
  NETY_UNROLL
  for (auto& row : sum) {
    NETY_UNROLL
    for (auto& pair : row) pair[0] = pair[1] = _mm256_setzero_ps();
  }
  int64_t k = 0;
  for (; k + 16 <= p.cols; k += 16) {
    if (R == 1 && T == 1) kernels::fetch(w + k, 64);
    add_products<R, T, 0>(p, w + k, x + k, sum);
    add_products<R, T, 1>(p, w + k + 8, x + k + 8, sum);
  }
  if (k + 8 <= p.cols) {
    add_products<R, T, 0>(p, w + k, x + k, sum);
    k += 8;
  }
  NETY_UNROLL
  for (int t = 0; t < T; ++t) {
    NETY_UNROLL
    for (int r = 0; r < R; ++r) {
      float rest = 0;
      for (int64_t i = k; i < p.cols; ++i) rest += w[r * p.w_stride + i] * x[t * p.x_stride + i];
      p.y[(t0 + t) * p.y_stride + r0 + r] = total(sum[r][t][0], sum[r][t][1]) + rest;
    }
  }
}

// Rows from `r` on times T tokens.
template <int T>
NETY_AVX2 void column(const FloatPanel& p, int64_t r, int64_t t0) {
  for (; r + 2 <= p.rows; r += 2) tile<2, T>(p, r, t0);
  for (; r < p.rows; ++r) tile<1, T>(p, r, t0);
}

// The sums of a tile that wait: [half][row * kTokens + token][lane].
using Waiting = float[2][kSums][8];

// One half of each 16 of columns [0, count) of a tile's rows, from w on, added to the sums that
// wait, or to zeros. The second half fetches the rows from `next` on.
template <int half>
NETY_AVX2_INLINE void add_half(const FloatPanel& p, const float* w, const float* x, int64_t count,
                               const float* next, bool first, Waiting& waiting) {
  __m256 sum[kSums];
  if (first) {
    NETY_UNROLL
    for (__m256& s : sum) s = _mm256_setzero_ps();
  } else {
    NETY_UNROLL
    for (int s = 0; s < kSums; ++s) sum[s] = _mm256_load_ps(waiting[half][s]);
  }
  for (int64_t k = 8 * half; k + 8 <= count; k += 16) {
    __m256 xs[kTokens];
    NETY_UNROLL
    for (int t = 0; t < kTokens; ++t) {
      xs[t] = _mm256_loadu_ps(x + t * p.x_stride + k);
      __asm__("" : "+x"(xs[t]));  // GCC would load it again for each row
    }
    NETY_UNROLL
    for (int r = 0; r < kRows; ++r) {
      if (half == 1) fetch(next + r * p.w_stride + k);
      const __m256 ws = _mm256_loadu_ps(w + r * p.w_stride + k);
      NETY_UNROLL
      for (int t = 0; t < kTokens; ++t)
        sum[r * kTokens + t] = _mm256_fmadd_ps(ws, xs[t], sum[r * kTokens + t]);
    }
  }
  NETY_UNROLL
  for (int s = 0; s < kSums; ++s) _mm256_store_ps(waiting[half][s], sum[s]);
}

NETY_AVX2_INLINE __m128 quarter(const Waiting& waiting, int s) {
  const __m256 both = _mm256_add_ps(_mm256_load_ps(waiting[0][s]), _mm256_load_ps(waiting[1][s]));
  return _mm_add_ps(_mm256_castps256_ps128(both), _mm256_extractf128_ps(both, 1));
}

// What total() gives of the sums of four rows.
NETY_AVX2_INLINE __m128 totals(const Waiting& waiting, int t) {
  const __m128 a = quarter(waiting, t), b = quarter(waiting, kTokens + t);
  const __m128 c = quarter(waiting, 2 * kTokens + t), d = quarter(waiting, 3 * kTokens + t);
  const __m128 ab = _mm_add_ps(_mm_movelh_ps(a, b), _mm_movehl_ps(b, a));
  const __m128 cd = _mm_add_ps(_mm_movelh_ps(c, d), _mm_movehl_ps(d, c));
  return _mm_add_ps(_mm_shuffle_ps(ab, cd, 0x88), _mm_shuffle_ps(ab, cd, 0xdd));
}

NETY_AVX2 void store(const FloatPanel& p, const Waiting& waiting, int64_t r0, int64_t t0) {
  const float* w = p.w + r0 * p.w_stride;
  const float* x = p.x + t0 * p.x_stride;
  for (int t = 0; t < kTokens; ++t, x += p.x_stride) {
    alignas(16) float rest[kRows] = {};
    for (int64_t k = p.cols / 8 * 8; k < p.cols; ++k)
      for (int r = 0; r < kRows; ++r) rest[r] += w[r * p.w_stride + k] * x[k];
    _mm_storeu_ps(p.y + (t0 + t) * p.y_stride + r0,
                  _mm_add_ps(totals(waiting, t), _mm_load_ps(rest)));
  }
}

// The activations of kTokens tokens from x on, `lines` of each from `line` on.
NETY_AVX2_INLINE void fetch_lines(const float* x, int64_t stride, int64_t line, int64_t lines) {
  for (int64_t i = line; i < line + lines; ++i) {
    NETY_UNROLL
    for (int t = 0; t < kTokens; ++t) fetch(x + t * stride + 16 * i);
  }
}

/// Some whole tiles of rows times some whole tiles of tokens.
struct Block {
  const FloatPanel& p;
  int64_t r0 = 0, t0 = 0, row_tiles = 0, token_tiles = 0;
  alignas(32) Waiting waiting[kMostTokens / kTokens][kMostRows / kRows];

  explicit Block(const FloatPanel& panel) : p(panel) {}  // sums are not zeroed

  // Columns [k, k + count) with the tokens of one tile.
  NETY_AVX2 void add(int64_t k, int64_t count, int64_t token_tile) {
    const int64_t tile_stride = kRows * p.w_stride, lines = (kChunk / 16 - 1) / row_tiles + 1;
    const float* const x = p.x + (t0 + token_tile * kTokens) * p.x_stride + k;
    const float* const next_x = token_tile + 1 < token_tiles ? x + kTokens * p.x_stride : x;
    const float* const rows = p.w + r0 * p.w_stride + k;
    for (int64_t i = 0; i < row_tiles; ++i) {
      const float* const w = rows + i * tile_stride;
      const float* const next = i + 1 < row_tiles ? w + tile_stride : rows;
      fetch_lines(next_x, p.x_stride, i * lines, lines);
      add_half<0>(p, w, x, count, next, k == 0, waiting[token_tile][i]);
      add_half<1>(p, w, x, count, next, k == 0, waiting[token_tile][i]);
    }
  }
  // All columns, chunk by chunk.
  NETY_AVX2 void multiply() {
    for (int64_t k = 0; k < p.cols; k += kChunk)
      for (int64_t t = 0; t < token_tiles; ++t)
        add(k, p.cols - k < kChunk ? p.cols - k : kChunk, t);
    for (int64_t t = 0; t < token_tiles; ++t)
      for (int64_t i = 0; i < row_tiles; ++i)
        store(p, waiting[t][i], r0 + i * kRows, t0 + t * kTokens);
  }
};

}  // namespace

NETY_AVX2 void float_panel_fp32_avx2(const FloatPanel& p) {
  if (p.tokens == 1) {  // decode: row after row, as they lie in memory, for the prefetchers
    for (int64_t r = 0; r < p.rows; ++r) tile<1, 1>(p, r, 0);
    return;
  }
  const int64_t whole_rows = p.rows / kRows * kRows, whole_tokens = p.tokens / kTokens * kTokens;
  Block block(p);
  for (block.r0 = 0; block.r0 < whole_rows; block.r0 += kMostRows)
    for (block.t0 = 0; block.t0 < whole_tokens; block.t0 += kMostTokens) {
      block.row_tiles = least(whole_rows - block.r0, kMostRows) / kRows;
      block.token_tiles = least(whole_tokens - block.t0, kMostTokens) / kTokens;
      block.multiply();
    }
  for (int64_t t = 0; t < whole_tokens; t += kTokens) column<kTokens>(p, whole_rows, t);
  int64_t t = whole_tokens;
  for (; t + 2 <= p.tokens; t += 2) column<2>(p, 0, t);
  if (t < p.tokens) column<1>(p, 0, t);
}

}  // namespace nety::kernels
#endif
