// x = cap tanh(x / cap), eight at a time, by tanh |y| = (1 - exp(-2 |y|)) / (1 + exp(-2 |y|)); the
// last few go through a padded buffer.
#if defined(__x86_64__)
#include "core/kernels/soft_cap.h"
#include "core/kernels/vector_avx2.h"

namespace nety::kernels {
namespace {

NETY_AVX2 inline void eight(float* x, float cap) {
  const __m256 sign = _mm256_set1_ps(-0.0F), one = _mm256_set1_ps(1.0F);
  const __m256 y = _mm256_div_ps(_mm256_loadu_ps(x), _mm256_set1_ps(cap));
  const __m256 e = exp_avx2(_mm256_mul_ps(_mm256_set1_ps(-2.0F), _mm256_andnot_ps(sign, y)));
  const __m256 size = _mm256_div_ps(_mm256_sub_ps(one, e), _mm256_add_ps(one, e));
  const __m256 tanh = _mm256_or_ps(size, _mm256_and_ps(sign, y));
  _mm256_storeu_ps(x, _mm256_mul_ps(_mm256_set1_ps(cap), tanh));
}

}  // namespace

NETY_AVX2 void soft_cap_fp32_avx2(float* x, int64_t n, float cap) {
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) eight(x + i, cap);
  if (i == n) return;
  float tail[8] = {};
  for (int64_t k = i; k < n; ++k) tail[k - i] = x[k];
  eight(tail, cap);
  for (int64_t k = i; k < n; ++k) x[k] = tail[k - i];
}

}  // namespace nety::kernels
#endif
