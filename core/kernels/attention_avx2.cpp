// Attention over a KV block. Scores: lane = position, dimension after dimension, a group of keys in
// two vectors with up to four rows at a time. Values: position after position, 64 dimensions at a
// time; head widths that 8 does not divide end in scalar code.
#if defined(__x86_64__)
#include <algorithm>
#include "core/base/half.h"
#include "core/kernels/attention.h"
#include "core/kernels/vector_avx2.h"

namespace nety::kernels {
namespace {

struct Fp32Cache {
  using Element = float;
  NETY_AVX2_INLINE static __m256 load(const float* at) { return _mm256_loadu_ps(at); }
  static float one(float value) { return value; }
};

struct Bf16Cache {
  using Element = uint16_t;
  NETY_AVX2_INLINE static __m256 load(const uint16_t* at) {
    return widened_bf16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
  }
  static float one(uint16_t value) { return float_from_bf16(value); }
};

// Scores of R rows from r0 on at a group of keys, visible or not.
template <class Cache, int R>
NETY_AVX2 void score(const Attention& p, int64_t r0, int64_t group) {
  const auto* key =
      static_cast<const typename Cache::Element*>(p.keys) + group * kKeyGroup * p.head_dim;
  const float* q[R];
  __m256 dot[R][2];
  NETY_UNROLL
  for (int r = 0; r < R; ++r) {
    q[r] = p.query(r0 + r);
    dot[r][0] = dot[r][1] = _mm256_setzero_ps();
  }
  for (int64_t d = 0; d < p.head_dim; ++d, key += kKeyGroup) {
    const __m256 first = Cache::load(key), second = Cache::load(key + 8);
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
  const auto* values = static_cast<const typename Cache::Element*>(p.values) + d;
  const float* weights = p.scores + row * kKvBlock;
  const Visible& visible = p.visible_to(row);
  __m256 sum[V];
  NETY_UNROLL
  for (__m256& s : sum) s = _mm256_setzero_ps();
  for (int64_t i = visible.begin; i < visible.end; ++i) {
    const __m256 weight = _mm256_set1_ps(weights[i]);
    NETY_UNROLL
    for (int v = 0; v < V; ++v)
      sum[v] = _mm256_fmadd_ps(weight, Cache::load(values + i * p.head_dim + 8 * v), sum[v]);
  }
  NETY_UNROLL
  for (int v = 0; v < V; ++v) _mm256_storeu_ps(p.a + row * p.head_dim + d + 8 * v, sum[v]);
}

template <class Cache>
NETY_AVX2 inline void combine_rest(const Attention& p, int64_t row, int64_t d) {
  const auto* values = static_cast<const typename Cache::Element*>(p.values);
  for (; d < p.head_dim; ++d) {
    float sum = 0;
    for (int64_t i = p.visible_to(row).begin; i < p.visible_to(row).end; ++i)
      sum += p.scores[row * kKvBlock + i] * Cache::one(values[i * p.head_dim + d]);
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

NETY_AVX2 void attention_fp32_avx2(const Attention& p) { attend<Fp32Cache>(p); }

NETY_AVX2 void attention_bf16_avx2(const Attention& p) { attend<Bf16Cache>(p); }

}  // namespace nety::kernels
#endif
