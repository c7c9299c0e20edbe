// Attention over a KV block. Scores: lane = position, dimension after dimension, a group of keys in
// two vectors with up to four rows at a time. Values: position after position, 64 dimensions at a
// time; head widths that 8 does not divide end in scalar code.
#if defined(__x86_64__)
#include <algorithm>
#include <cstring>
#include "core/base/half.h"
#include "core/kernels/attention.h"
#include "core/kernels/vector_avx2.h"

namespace nety::kernels {
namespace {

struct Fp32 {
  using Element = float;
  NETY_AVX2_INLINE static __m256 load(const float* at) { return _mm256_loadu_ps(at); }
  static float one(float value) { return value; }
};

struct Bf16 {
  using Element = uint16_t;
  NETY_AVX2_INLINE static __m256 load(const uint16_t* at) {
    return widened_bf16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
  }
  static float one(uint16_t value) { return float_from_bf16(value); }
};

// Numbers as they are, or widened.
template <class Number>
struct PlainCache {
  using Element = typename Number::Element;

  // One group of keys, dimension after dimension.
  struct Keys {
    const Element* at;
    NETY_AVX2_INLINE void begin(const Attention& p, int64_t group) {
      at = static_cast<const Element*>(p.keys) + group * kKeyGroup * p.head_dim;
    }
    NETY_AVX2_INLINE void load(int64_t d, __m256& first, __m256& second) const {
      first = Number::load(at + d * kKeyGroup);
      second = Number::load(at + d * kKeyGroup + 8);
    }
  };
  NETY_AVX2_INLINE static __m256 value(const Attention& p, int64_t i, int64_t d) {
    return Number::load(static_cast<const Element*>(p.values) + i * p.head_dim + d);
  }
  static float one_value(const Attention& p, int64_t i, int64_t d) {
    return Number::one(static_cast<const Element*>(p.values)[i * p.head_dim + d]);
  }
};

NETY_AVX2_INLINE __m256 widened_codes(const uint8_t* codes) {
  return _mm256_cvtepi32_ps(
      _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(codes))));
}

NETY_AVX2_INLINE float scale_at(const uint8_t* at) {
  uint16_t bits = 0;
  std::memcpy(&bits, at, sizeof(bits));
  return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(bits)));
}

struct Q8Cache {
  struct Keys {
    const uint8_t* group;
    __m256 first_scales, second_scales;  // of the block that was loaded last
    NETY_AVX2_INLINE void begin(const Attention& p, int64_t index) {
      group = static_cast<const uint8_t*>(p.keys) + index * kKeyGroup * q8_0_row_bytes(p.head_dim);
      first_scales = second_scales = _mm256_setzero_ps();
    }
    NETY_AVX2_INLINE void load(int64_t d, __m256& first, __m256& second) {
      const uint8_t* block = group + q8_0_group_block(d);
      if (d % kScaledDims == 0) {
        const auto* scales = reinterpret_cast<const __m128i*>(block);
        first_scales = _mm256_cvtph_ps(_mm_loadu_si128(scales));
        second_scales = _mm256_cvtph_ps(_mm_loadu_si128(scales + 1));
      }
      const uint8_t* codes = block + (2 + d % kScaledDims) * kKeyGroup;
      first = _mm256_mul_ps(widened_codes(codes), first_scales);
      second = _mm256_mul_ps(widened_codes(codes + 8), second_scales);
    }
  };
  NETY_AVX2_INLINE static const uint8_t* block_of(const Attention& p, int64_t i, int64_t d) {
    return static_cast<const uint8_t*>(p.values) + i * q8_0_row_bytes(p.head_dim) +
           q8_0_value_block(d);
  }
  NETY_AVX2_INLINE static __m256 value(const Attention& p, int64_t i, int64_t d) {
    const uint8_t* block = block_of(p, i, d);
    return _mm256_mul_ps(widened_codes(block + 2 + d % kScaledDims),
                         _mm256_set1_ps(scale_at(block)));
  }
  NETY_AVX2_INLINE static float one_value(const Attention& p, int64_t i, int64_t d) {
    const uint8_t* block = block_of(p, i, d);
    return static_cast<float>(static_cast<int8_t>(block[2 + d % kScaledDims])) * scale_at(block);
  }
};

// Scores of R rows from r0 on at a group of keys, visible or not.
template <class Cache, int R>
NETY_AVX2 void score(const Attention& p, int64_t r0, int64_t group) {
  typename Cache::Keys keys;
  keys.begin(p, group);
  const float* q[R];
  __m256 dot[R][2];
  NETY_UNROLL
  for (int r = 0; r < R; ++r) {
    q[r] = p.query(r0 + r);
    dot[r][0] = dot[r][1] = _mm256_setzero_ps();
  }
  for (int64_t d = 0; d < p.head_dim; ++d) {
    __m256 first, second;
    keys.load(d, first, second);
    NETY_UNROLL
    for (int r = 0; r < R; ++r) {
      const __m256 one = _mm256_set1_ps(q[r][d]);
      dot[r][0] = _mm256_fmadd_ps(one, first, dot[r][0]);
      dot[r][1] = _mm256_fmadd_ps(one, second, dot[r][1]);
    }
  }
  NETY_UNROLL
  for (int r = 0; r < R; ++r) {
    float* scores = p.scores + (r0 + r) * kKvBlock + group * kKeyGroup;
    _mm256_storeu_ps(scores, _mm256_mul_ps(dot[r][0], _mm256_set1_ps(p.scale)));
    _mm256_storeu_ps(scores + 8, _mm256_mul_ps(dot[r][1], _mm256_set1_ps(p.scale)));
  }
}

// Scores of one row to exp(score - top); their sum.
NETY_AVX2 inline void exponentials(const Attention& p, int64_t row) {
  const Visible& visible = p.visible_to(row);
  float* scores = p.scores + row * kKvBlock;
  const float top = *std::max_element(scores + visible.begin, scores + visible.end);
  float sum = 0;
  for (int64_t i = visible.begin / 8 * 8; i < visible.end; i += 8) {
    const __m256 e = exp_avx2(_mm256_sub_ps(_mm256_loadu_ps(scores + i), _mm256_set1_ps(top)));
    _mm256_storeu_ps(scores + i, e);
  }
  for (int64_t i = visible.begin; i < visible.end; ++i) sum += scores[i];
  p.tops[row] = top;
  p.sums[row] = sum;
}

// Dimensions d to d + 8 V of one row.
template <class Cache, int V>
NETY_AVX2 void combine(const Attention& p, int64_t row, int64_t d) {
  const float* weights = p.scores + row * kKvBlock;
  const Visible& visible = p.visible_to(row);
  __m256 sum[V];
  NETY_UNROLL
  for (__m256& s : sum) s = _mm256_setzero_ps();
  for (int64_t i = visible.begin; i < visible.end; ++i) {
    const __m256 weight = _mm256_set1_ps(weights[i]);
    NETY_UNROLL
    for (int v = 0; v < V; ++v)
      sum[v] = _mm256_fmadd_ps(weight, Cache::value(p, i, d + 8 * v), sum[v]);
  }
  NETY_UNROLL
  for (int v = 0; v < V; ++v) _mm256_storeu_ps(p.a + row * p.head_dim + d + 8 * v, sum[v]);
}

template <class Cache>
NETY_AVX2 inline void combine_rest(const Attention& p, int64_t row, int64_t d) {
  for (; d < p.head_dim; ++d) {
    float sum = 0;
    for (int64_t i = p.visible_to(row).begin; i < p.visible_to(row).end; ++i)
      sum += p.scores[row * kKvBlock + i] * Cache::one_value(p, i, d);
    p.a[row * p.head_dim + d] = sum;
  }
}

template <class Cache>
NETY_AVX2 inline void attend(const Attention& p) {
  int64_t begin = kKvBlock, end = 0;
  for (int64_t t = 0; t < p.tokens; ++t) {
    begin = std::min(begin, p.visible[t].begin);
    end = std::max(end, p.visible[t].end);
  }
  for (int64_t group = begin / kKeyGroup; group * kKeyGroup < end; ++group) {
    int64_t r = 0;
    for (; r + 4 <= p.rows(); r += 4) score<Cache, 4>(p, r, group);
    for (; r + 3 <= p.rows(); r += 3) score<Cache, 3>(p, r, group);
    for (; r < p.rows(); ++r) score<Cache, 1>(p, r, group);
  }
  for (int64_t row = 0; row < p.rows(); ++row) {
    p.cap_scores(row);
    exponentials(p, row);
    int64_t d = 0;
    for (; d + 64 <= p.head_dim; d += 64) combine<Cache, 8>(p, row, d);
    for (; d + 8 <= p.head_dim; d += 8) combine<Cache, 1>(p, row, d);
    combine_rest<Cache>(p, row, d);
  }
}

}  // namespace

NETY_AVX2 void attention_fp32_avx2(const Attention& p) { attend<PlainCache<Fp32>>(p); }

NETY_AVX2 void attention_bf16_avx2(const Attention& p) { attend<PlainCache<Bf16>>(p); }

NETY_AVX2 void attention_q8_0_avx2(const Attention& p) { attend<Q8Cache>(p); }

}  // namespace nety::kernels
#endif
