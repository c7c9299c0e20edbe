// Attention over fp32 keys and values with AVX2. Head widths that 8 does not divide end in scalar
// code.
#include <algorithm>

#include "core/kernels/kernels.h"

#if defined(__x86_64__)
#include "core/kernels/vector_avx2.h"

namespace nety::kernels {
namespace {

NETY_AVX2 inline float dot(const float* a, const float* b, int64_t n) {
  __m256 sum = _mm256_setzero_ps();
  int64_t d = 0;
  for (; d + 8 <= n; d += 8)
    sum = _mm256_fmadd_ps(_mm256_loadu_ps(a + d), _mm256_loadu_ps(b + d), sum);
  float rest = 0;
  for (; d < n; ++d) rest += a[d] * b[d];
  return total(sum) + rest;
}

NETY_AVX2 void exponentials(float* scores, int64_t length, float& top, float& sum) {
  top = *std::max_element(scores, scores + length);
  sum = 0;
  for (int64_t i = 0; i < length; i += 8) {
    float part[8] = {};
    const int64_t some = std::min<int64_t>(8, length - i);
    std::copy(scores + i, scores + i + some, part);
    _mm256_storeu_ps(part, exp_avx2(_mm256_sub_ps(_mm256_loadu_ps(part), _mm256_set1_ps(top))));
    std::copy(part, part + some, scores + i);
    for (int64_t k = 0; k < some; ++k) sum += part[k];
  }
}

NETY_AVX2 void combine(const Attention& p, const float* values, int64_t g) {
  const float* scores = p.scores + g * p.length;
  float* a = p.a + g * p.head_dim;
  int64_t d = 0;
  for (; d + 8 <= p.head_dim; d += 8) {
    __m256 sum = _mm256_setzero_ps();
    for (int64_t i = 0; i < p.length; ++i)
      sum = _mm256_fmadd_ps(_mm256_set1_ps(scores[i]), _mm256_loadu_ps(values + i * p.stride + d),
                            sum);
    _mm256_storeu_ps(a + d, sum);
  }
  for (; d < p.head_dim; ++d) {
    a[d] = 0;
    for (int64_t i = 0; i < p.length; ++i) a[d] += scores[i] * values[i * p.stride + d];
  }
}

}  // namespace

NETY_AVX2 void attention_fp32_avx2(const Attention& p) {
  const auto* keys = static_cast<const float*>(p.keys);
  for (int64_t i = 0; i < p.length; ++i)
    for (int64_t g = 0; g < p.group; ++g)
      p.scores[g * p.length + i] =
          dot(p.q + g * p.head_dim, keys + i * p.stride, p.head_dim) * p.scale;
  for (int64_t g = 0; g < p.group; ++g) {
    exponentials(p.scores + g * p.length, p.length, p.tops[g], p.sums[g]);
    combine(p, static_cast<const float*>(p.values), g);
  }
}

}  // namespace nety::kernels
#endif
