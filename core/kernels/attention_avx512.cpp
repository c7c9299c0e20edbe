// Attention over a KV block. Scores: lane = position, dimension after dimension, two groups of keys
// with up to six rows at a time. Values: 64 dimensions in four vectors, position after position,
// with up to six rows at a time at the positions visible to all of them, and row by row before and
// after.
#if defined(__x86_64__)
#include <algorithm>
#include <cstring>
#include "core/kernels/attention.h"
#include "core/kernels/sums_avx512.h"

namespace nety::kernels {
namespace {

// The first `left` lanes, none where that is negative.
NETY_AVX512_INLINE __mmask16 mask_of(int64_t left) { return left <= 0 ? 0 : first_lanes(left); }

// Of the 16 positions from i on, the visible ones.
NETY_AVX512_INLINE __mmask16 mask_of(const Visible& visible, int64_t i) {
  return static_cast<__mmask16>(mask_of(visible.end - i) & ~mask_of(visible.begin - i));
}

struct Fp32 {
  using Element = float;
  NETY_AVX512_INLINE static __m512 load(const float* at) { return _mm512_loadu_ps(at); }
  NETY_AVX512_INLINE static __m512 load(const float* at, __mmask16 some) {
    return _mm512_maskz_loadu_ps(some, at);
  }
};

struct Bf16 {
  using Element = uint16_t;
  NETY_AVX512_INLINE static __m512 load(const uint16_t* at) {
    return widened_bf16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)));
  }
  NETY_AVX512_INLINE static __m512 load(const uint16_t* at, __mmask16 some) {
    return widened_bf16(_mm256_maskz_loadu_epi16(some, at));
  }
};

// Numbers as they are, or widened.
template <class Number>
struct PlainCache {
  using Element = typename Number::Element;

  // One group of keys, dimension after dimension.
  struct Keys {
    const Element* at = nullptr;
    NETY_AVX512_INLINE void begin(const Attention& p, int64_t group) {
      at = static_cast<const Element*>(p.keys) + group * kKeyGroup * p.head_dim;
    }
    NETY_AVX512_INLINE __m512 load(int64_t d) { return Number::load(at + d * kKeyGroup); }
  };
  // The dimensions from d on of a value.
  NETY_AVX512_INLINE static __m512 value(const Attention& p, int64_t i, int64_t d, __mmask16 some) {
    return Number::load(static_cast<const Element*>(p.values) + i * p.head_dim + d, some);
  }
};

struct Q8Cache {
  struct Keys {
    const uint8_t* group = nullptr;
    __m512 scales;  // of the block that was loaded last
    NETY_AVX512_INLINE void begin(const Attention& p, int64_t index) {
      group = static_cast<const uint8_t*>(p.keys) + index * kKeyGroup * q8_0_row_bytes(p.head_dim);
      scales = _mm512_setzero_ps();
    }
    NETY_AVX512_INLINE __m512 load(int64_t d) {
      const uint8_t* block = group + q8_0_group_block(d);
      if (d % kScaledDims == 0)
        scales = _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(block)));
      const __m128i codes = _mm_loadu_si128(
          reinterpret_cast<const __m128i*>(block + (2 + d % kScaledDims) * kKeyGroup));
      return _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(codes)), scales);
    }
  };
  NETY_AVX512_INLINE static __m512 value(const Attention& p, int64_t i, int64_t d, __mmask16 some) {
    if (some == 0) return _mm512_setzero_ps();  // nothing is left of the head
    const uint8_t* block = static_cast<const uint8_t*>(p.values) + i * q8_0_row_bytes(p.head_dim) +
                           q8_0_value_block(d);
    uint16_t bits = 0;
    std::memcpy(&bits, block, sizeof(bits));
    const __m512 scale = _mm512_cvtph_ps(_mm256_set1_epi16(static_cast<int16_t>(bits)));
    const __m128i codes = _mm_maskz_loadu_epi8(some, block + 2 + d % kScaledDims);
    return _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(codes)), scale);
  }
};

// Scores of R rows from r0 on at B groups of keys from `group` on, visible or not.
template <class Cache, int R, int B>
NETY_AVX512 void score(const Attention& p, int64_t r0, int64_t group) {
  typename Cache::Keys keys[B];
  const float* q[R];
  __m512 dot[R * B];
  NETY_UNROLL
  for (int b = 0; b < B; ++b) keys[b].begin(p, group + b);
  NETY_UNROLL
  for (int r = 0; r < R; ++r) q[r] = p.query(r0 + r);
  NETY_UNROLL
  for (__m512& s : dot) s = _mm512_setzero_ps();
  for (int64_t d = 0; d < p.head_dim; ++d) {
    __m512 ks[B];
    NETY_UNROLL
    for (int b = 0; b < B; ++b) ks[b] = keys[b].load(d);
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
      _mm512_storeu_ps(p.scores + (r0 + r) * kKvBlock + (group + b) * kKeyGroup,
                       _mm512_mul_ps(dot[r * B + b], _mm512_set1_ps(p.scale)));
  }
}

template <class Cache, int B>
NETY_AVX512 inline void score_rows(const Attention& p, int64_t group) {
  int64_t r = 0;
  for (; r + 6 <= p.rows(); r += 6) score<Cache, 6, B>(p, r, group);
  for (; r + 4 <= p.rows(); r += 4) score<Cache, 4, B>(p, r, group);
  for (; r + 3 <= p.rows(); r += 3) score<Cache, 3, B>(p, r, group);
  for (; r < p.rows(); ++r) score<Cache, 1, B>(p, r, group);
}

// Scores of one row to exp(score - top); their sum.
NETY_AVX512 inline void exponentials(const Attention& p, int64_t row) {
  float* scores = p.scores + row * kKvBlock;
  const Visible& visible = p.visible_to(row);
  const int64_t first = visible.begin / 16 * 16;
  __m512 tops = _mm512_set1_ps(-__builtin_inff());
  for (int64_t i = first; i < visible.end; i += 16)
    tops = _mm512_mask_max_ps(tops, mask_of(visible, i), tops, _mm512_loadu_ps(scores + i));
  p.tops[row] = _mm512_reduce_max_ps(tops);
  const __m512 top = _mm512_set1_ps(p.tops[row]);
  __m512 sums = _mm512_setzero_ps();
  for (int64_t i = first; i < visible.end; i += 16) {
    const __m512 e = exp_avx512(_mm512_sub_ps(_mm512_loadu_ps(scores + i), top));
    sums = _mm512_mask_add_ps(sums, mask_of(visible, i), sums, e);
    _mm512_storeu_ps(scores + i, e);
  }
  p.sums[row] = lane_sum(sums);
}

// Adds the values at positions [begin, end) to R rows from r0 on.
template <class Cache, int R>
NETY_AVX512 void add_values(const Attention& p, int64_t r0, int64_t begin, int64_t end) {
  if (begin >= end) return;
  const float* weights = p.scores + r0 * kKvBlock;
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
      for (int c = 0; c < 4; ++c) vs[c] = Cache::value(p, at, d + 16 * c, some[c]);
      NETY_UNROLL
      for (int r = 0; r < R; ++r) {
        const __m512 weight = _mm512_set1_ps(weights[r * kKvBlock + at]);
        NETY_UNROLL
        for (int c = 0; c < 4; ++c) sum[r * 4 + c] = _mm512_fmadd_ps(weight, vs[c], sum[r * 4 + c]);
      }
    }
    NETY_UNROLL
    for (int i = 0; i < R * 4; ++i)
      _mm512_mask_storeu_ps(a + i / 4 * p.head_dim + 16 * (i % 4), some[i % 4], sum[i]);
  }
}

// R rows from r0 on, each at the positions visible to it, in their order.
template <class Cache, int R>
NETY_AVX512 inline void combine(const Attention& p, int64_t r0) {
  Visible all = p.visible_to(r0);
  for (int r = 1; r < R; ++r)
    all = {std::max(all.begin, p.visible_to(r0 + r).begin),
           std::min(all.end, p.visible_to(r0 + r).end)};
  if (all.begin >= all.end) all.begin = all.end = p.visible_to(r0).end;
  for (int r = 0; r < R; ++r)
    add_values<Cache, 1>(p, r0 + r, p.visible_to(r0 + r).begin,
                         std::min(all.begin, p.visible_to(r0 + r).end));
  add_values<Cache, R>(p, r0, all.begin, all.end);
  for (int r = 0; r < R; ++r)
    add_values<Cache, 1>(p, r0 + r, std::max(all.end, p.visible_to(r0 + r).begin),
                         p.visible_to(r0 + r).end);
}

template <class Cache>
NETY_AVX512 inline void attend(const Attention& p) {
  int64_t begin = kKvBlock, end = 0;
  for (int64_t t = 0; t < p.tokens; ++t) {
    begin = std::min(begin, p.visible[t].begin);
    end = std::max(end, p.visible[t].end);
  }
  int64_t group = begin / kKeyGroup;
  const int64_t groups = (end + kKeyGroup - 1) / kKeyGroup;
  for (; group + 2 <= groups; group += 2) score_rows<Cache, 2>(p, group);
  for (; group < groups; ++group) score_rows<Cache, 1>(p, group);
  for (int64_t row = 0; row < p.rows(); ++row) {
    p.cap_scores(row);
    exponentials(p, row);
  }
  std::fill_n(p.a, p.rows() * p.head_dim, 0.0F);
  int64_t r = 0;
  for (; r + 6 <= p.rows(); r += 6) combine<Cache, 6>(p, r);
  for (; r + 4 <= p.rows(); r += 4) combine<Cache, 4>(p, r);
  for (; r + 3 <= p.rows(); r += 3) combine<Cache, 3>(p, r);
  for (; r < p.rows(); ++r) combine<Cache, 1>(p, r);
}

}  // namespace

NETY_AVX512 void attention_fp32_avx512(const Attention& p) { attend<PlainCache<Fp32>>(p); }

NETY_AVX512 void attention_bf16_avx512(const Attention& p) { attend<PlainCache<Bf16>>(p); }

NETY_AVX512 void attention_q8_0_avx512(const Attention& p) { attend<Q8Cache>(p); }

}  // namespace nety::kernels
#endif
