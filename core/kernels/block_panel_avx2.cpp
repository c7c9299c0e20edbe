// Integer products in blocks of 32 with AVX2. VPMADDUBSW takes |w| and sign(x, w); 128 * 127 * 2
// fits its 16-bit sums, so the dot is exact.
#if defined(__x86_64__)
#include "core/kernels/panels.h"
#include "core/kernels/vector_avx2.h"

namespace nety::kernels {
namespace {

NETY_AVX2 inline __m256i load(const int8_t* codes) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes));
}

// Sums of four neighbouring products each, times `factor`.
template <int16_t factor>
NETY_AVX2 inline __m256i dot(__m256i w, __m256i x) {
  const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w));
  return _mm256_madd_epi16(pairs, _mm256_set1_epi16(factor));
}

template <int R>
NETY_AVX2 void tile(const BlockPanel& p, int64_t r0, int64_t t) {
  const int64_t blocks = p.x.blocks;
  __m256 sum[R];
  float rest[R] = {};
  for (__m256& s : sum) s = _mm256_setzero_ps();
  for (int64_t b = 0; b < blocks; ++b) {
    const int64_t x_at = t * blocks + b;
    const __m256i high = load(p.x.high + x_at * 32);
    const __m256i low = load(p.x.low + x_at * 32);
    const __m256 x_scale = _mm256_set1_ps(p.x.scales[x_at]);
    for (int r = 0; r < R; ++r) {
      const int64_t at = (r0 + r) * blocks + b;
      const __m256i w = load(p.w.codes + at * 32);
      const __m256 exact =
          _mm256_cvtepi32_ps(_mm256_add_epi32(dot<kCodeBase>(w, high), dot<1>(w, low)));
      sum[r] =
          _mm256_fmadd_ps(_mm256_mul_ps(_mm256_set1_ps(p.w.scales[at]), x_scale), exact, sum[r]);
      if (p.w.mins != nullptr) rest[r] += p.w.mins[at] * p.x.sums[x_at];
    }
  }
  for (int r = 0; r < R; ++r) p.y[t * p.y_stride + r0 + r] = total(sum[r]) + rest[r];
}

}  // namespace

NETY_AVX2 void block_panel_q8_avx2(const BlockPanel& p) {
  for (int64_t t = 0; t < p.tokens; ++t) {
    int64_t r = 0;
    for (; r + 4 <= p.w.rows; r += 4) tile<4>(p, r, t);
    for (; r < p.w.rows; ++r) tile<1>(p, r, t);
  }
}

}  // namespace nety::kernels
#endif
