// Attention over a stretch. Scores: lane = position, dimension after dimension, two blocks of keys
// with up to six rows at a time. Values: 64 dimensions in four vectors, position after position,
// with up to six rows at a time where all of them have seen a position, and row by row before and
// after.
#pragma once

#include <algorithm>

#include "core/kernels/kernels.h"
#include "core/kernels/sums_avx512.h"

namespace nety::kernels {
namespace {

// The first `left` lanes.
NETY_AVX512_INLINE __mmask16 mask_of(int64_t left) {
  if (left <= 0) return 0;
  return static_cast<__mmask16>(left >= 16 ? 0xffffU : (1U << left) - 1U);
}

// Of the 16 positions from i on, those that were seen.
NETY_AVX512_INLINE __mmask16 mask_of(const Seen& seen, int64_t i) {
  return static_cast<__mmask16>(mask_of(seen.end - i) & ~mask_of(seen.begin - i));
}

struct Fp32Cache {
  using Element = float;
  NETY_AVX512_INLINE static __m512 load(const float* at) { return _mm512_loadu_ps(at); }
  NETY_AVX512_INLINE static __m512 load(const float* at, __mmask16 some) {
    return _mm512_maskz_loadu_ps(some, at);
  }
};

struct Bf16Cache {
  using Element = uint16_t;
  NETY_AVX512_INLINE static __m512 widen(__m256i halves) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
  }
  NETY_AVX512_INLINE static __m512 load(const uint16_t* at) {
    return widen(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)));
  }
  NETY_AVX512_INLINE static __m512 load(const uint16_t* at, __mmask16 some) {
    return widen(_mm256_maskz_loadu_epi16(some, at));
  }
};

// Scores of R rows from r0 on at B blocks from `block` on, seen or not.
template <class Cache, int R, int B>
NETY_AVX512 void score(const Attention& p, int64_t r0, int64_t block) {
  const auto* key =
      static_cast<const typename Cache::Element*>(p.keys) + block * kKeyBlock * p.head_dim;
  const float* q[R];
  __m512 dot[R * B];
  NETY_UNROLL
  for (int r = 0; r < R; ++r) q[r] = p.query(r0 + r);
  NETY_UNROLL
  for (__m512& s : dot) s = _mm512_setzero_ps();
  for (int64_t d = 0; d < p.head_dim; ++d) {
    __m512 ks[B];
    NETY_UNROLL
    for (int b = 0; b < B; ++b) ks[b] = Cache::load(key + (b * p.head_dim + d) * kKeyBlock);
    NETY_UNROLL
    for (int r = 0; r < R; ++r) {
      const __m512 one = _mm512_set1_ps(q[r][d]);
      NETY_UNROLL
      for (int b = 0; b < B; ++b) dot[r * B + b] = _mm512_fmadd_ps(one, ks[b], dot[r * B + b]);
    }
  }
  NETY_UNROLL
  for (int r = 0; r < R; ++r) {
    NETY_UNROLL
    for (int b = 0; b < B; ++b)
      _mm512_storeu_ps(p.scores + (r0 + r) * kAttentionStretch + (block + b) * kKeyBlock,
                       _mm512_mul_ps(dot[r * B + b], _mm512_set1_ps(p.scale)));
  }
}

template <class Cache, int B>
NETY_AVX512 inline void score_rows(const Attention& p, int64_t block) {
  int64_t r = 0;
  for (; r + 6 <= p.rows(); r += 6) score<Cache, 6, B>(p, r, block);
  for (; r + 4 <= p.rows(); r += 4) score<Cache, 4, B>(p, r, block);
  for (; r + 3 <= p.rows(); r += 3) score<Cache, 3, B>(p, r, block);
  for (; r < p.rows(); ++r) score<Cache, 1, B>(p, r, block);
}

// Scores of one row to exp(score - top); their sum.
NETY_AVX512 inline void exponentials(const Attention& p, int64_t row) {
  float* scores = p.scores + row * kAttentionStretch;
  const Seen& seen = p.seen_by(row);
  const int64_t first = seen.begin / 16 * 16;
  __m512 tops = _mm512_set1_ps(-__builtin_inff());
  for (int64_t i = first; i < seen.end; i += 16)
    tops = _mm512_mask_max_ps(tops, mask_of(seen, i), tops, _mm512_loadu_ps(scores + i));
  p.tops[row] = _mm512_reduce_max_ps(tops);
  const __m512 top = _mm512_set1_ps(p.tops[row]);
  __m512 sums = _mm512_setzero_ps();
  for (int64_t i = first; i < seen.end; i += 16) {
    const __m512 e = exp_avx512(_mm512_sub_ps(_mm512_loadu_ps(scores + i), top));
    sums = _mm512_mask_add_ps(sums, mask_of(seen, i), sums, e);
    _mm512_storeu_ps(scores + i, e);
  }
  p.sums[row] = lane_sum(sums);
}

// Adds the values at positions [begin, end) to R rows from r0 on.
template <class Cache, int R>
NETY_AVX512 void add_values(const Attention& p, int64_t r0, int64_t begin, int64_t end) {
  if (begin >= end) return;
  const auto* values = static_cast<const typename Cache::Element*>(p.values);
  const float* weights = p.scores + r0 * kAttentionStretch;
  for (int64_t d = 0; d < p.head_dim; d += 64) {
    float* a = p.a + r0 * p.head_dim + d;
    __mmask16 some[4];
    __m512 sum[R * 4];
    NETY_UNROLL
    for (int c = 0; c < 4; ++c) some[c] = mask_of(p.head_dim - d - 16 * c);
    NETY_UNROLL
    for (int i = 0; i < R * 4; ++i)
      sum[i] = _mm512_maskz_loadu_ps(some[i % 4], a + i / 4 * p.head_dim + 16 * (i % 4));
    for (int64_t at = begin; at < end; ++at) {
      __m512 vs[4];
      NETY_UNROLL
      for (int c = 0; c < 4; ++c)
        vs[c] = Cache::load(values + at * p.head_dim + d + 16 * c, some[c]);
      NETY_UNROLL
      for (int r = 0; r < R; ++r) {
        const __m512 weight = _mm512_set1_ps(weights[r * kAttentionStretch + at]);
        NETY_UNROLL
        for (int c = 0; c < 4; ++c) sum[r * 4 + c] = _mm512_fmadd_ps(weight, vs[c], sum[r * 4 + c]);
      }
    }
    NETY_UNROLL
    for (int i = 0; i < R * 4; ++i)
      _mm512_mask_storeu_ps(a + i / 4 * p.head_dim + 16 * (i % 4), some[i % 4], sum[i]);
  }
}

// R rows from r0 on, each at the positions it has seen, in their order.
template <class Cache, int R>
NETY_AVX512 inline void combine(const Attention& p, int64_t r0) {
  Seen all = p.seen_by(r0);
  for (int r = 1; r < R; ++r)
    all = {std::max(all.begin, p.seen_by(r0 + r).begin), std::min(all.end, p.seen_by(r0 + r).end)};
  if (all.begin >= all.end) all.begin = all.end = p.seen_by(r0).end;
  for (int r = 0; r < R; ++r)
    add_values<Cache, 1>(p, r0 + r, p.seen_by(r0 + r).begin,
                         std::min(all.begin, p.seen_by(r0 + r).end));
  add_values<Cache, R>(p, r0, all.begin, all.end);
  for (int r = 0; r < R; ++r)
    add_values<Cache, 1>(p, r0 + r, std::max(all.end, p.seen_by(r0 + r).begin),
                         p.seen_by(r0 + r).end);
}

template <class Cache>
NETY_AVX512 inline void attend(const Attention& p) {
  int64_t begin = kAttentionStretch, end = 0;
  for (int64_t t = 0; t < p.tokens; ++t) {
    begin = std::min(begin, p.seen[t].begin);
    end = std::max(end, p.seen[t].end);
  }
  int64_t block = begin / kKeyBlock;
  const int64_t blocks = (end + kKeyBlock - 1) / kKeyBlock;
  for (; block + 2 <= blocks; block += 2) score_rows<Cache, 2>(p, block);
  for (; block < blocks; ++block) score_rows<Cache, 1>(p, block);
  for (int64_t row = 0; row < p.rows(); ++row) exponentials(p, row);
  std::fill_n(p.a, p.rows() * p.head_dim, 0.0F);
  int64_t r = 0;
  for (; r + 6 <= p.rows(); r += 6) combine<Cache, 6>(p, r);
  for (; r + 4 <= p.rows(); r += 4) combine<Cache, 4>(p, r);
  for (; r + 3 <= p.rows(); r += 3) combine<Cache, 3>(p, r);
  for (; r < p.rows(); ++r) combine<Cache, 1>(p, r);
}

}  // namespace
}  // namespace nety::kernels
