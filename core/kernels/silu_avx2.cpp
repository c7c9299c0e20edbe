// h = silu(g) * u, eight at a time; the last few go through a padded buffer.
#if defined(__x86_64__)
#include "core/kernels/silu.h"
#include "core/kernels/vector_avx2.h"

namespace nety::kernels {
namespace {

NETY_AVX2 inline void eight(const float* g, const float* u, float* h) {
  const __m256 gs = _mm256_loadu_ps(g);
  const __m256 one = _mm256_set1_ps(1.0F);
  const __m256 denominator = _mm256_add_ps(one, exp_avx2(_mm256_sub_ps(_mm256_setzero_ps(), gs)));
  _mm256_storeu_ps(h, _mm256_mul_ps(_mm256_div_ps(gs, denominator), _mm256_loadu_ps(u)));
}

}  // namespace

NETY_AVX2 void silu_fp32_avx2(const float* g, const float* u, float* h, int64_t n) {
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) eight(g + i, u + i, h + i);
  if (i == n) return;
  float tail_g[8] = {}, tail_u[8] = {};
  for (int64_t k = i; k < n; ++k) {
    tail_g[k - i] = g[k];
    tail_u[k - i] = u[k];
  }
  eight(tail_g, tail_u, tail_g);
  for (int64_t k = i; k < n; ++k) h[k] = tail_g[k - i];
}

}  // namespace nety::kernels
#endif
