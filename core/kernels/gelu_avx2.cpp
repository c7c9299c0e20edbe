// h = gelu(g) * u, eight at a time; the last few go through a padded buffer.
#if defined(__x86_64__)
#include "core/kernels/gelu.h"
#include "core/kernels/vector_avx2.h"

namespace nety::kernels {
namespace {

NETY_AVX2 inline void eight(const float* g, const float* u, float* h) {
  const __m256 x = _mm256_loadu_ps(g);
  const __m256 square = _mm256_mul_ps(x, x);
  const __m256 inner = _mm256_fmadd_ps(_mm256_mul_ps(_mm256_set1_ps(kGeluCube), square), x, x);
  const __m256 e = exp_avx2(_mm256_mul_ps(_mm256_set1_ps(-kGeluTwice), inner));
  const __m256 gelu = _mm256_div_ps(x, _mm256_add_ps(_mm256_set1_ps(1.0F), e));
  _mm256_storeu_ps(h, u == nullptr ? gelu : _mm256_mul_ps(gelu, _mm256_loadu_ps(u)));
}

}  // namespace

NETY_AVX2 void gelu_fp32_avx2(const float* g, const float* u, float* h, int64_t n) {
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) eight(g + i, u == nullptr ? u : u + i, h + i);
  if (i == n) return;
  float tail_g[8] = {}, tail_u[8] = {};
  for (int64_t k = i; k < n; ++k) {
    tail_g[k - i] = g[k];
    tail_u[k - i] = u == nullptr ? 1.0F : u[k];
  }
  eight(tail_g, tail_u, tail_g);
  for (int64_t k = i; k < n; ++k) h[k] = tail_g[k - i];
}

}  // namespace nety::kernels
#endif
