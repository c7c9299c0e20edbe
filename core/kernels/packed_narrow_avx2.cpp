// Products with packed rows of q2_k and q3_k in AVX2: sums over a block stay in integers, a group's
// dot times its scale; y += (d dx) S - (dmin dx) M.
#if defined(__x86_64__)
#include "core/kernels/packed_avx2.h"

namespace nety::kernels {
namespace {

// The group's dot of eight rows: codes up to 15, so a whole group fits into sums of 16 bits.
NETY_AVX2_INLINE __m256i narrow_dot(const __m256i (&both)[4], bool upper, const int8_t* x) {
  const __m256i low = _mm256_set1_epi8(15);
  __m256i pairs = _mm256_setzero_si256();
  NETY_UNROLL
  for (int q = 0; q < 4; ++q) {
    const __m256i codes = _mm256_and_si256(upper ? _mm256_srli_epi16(both[q], 4) : both[q], low);
    pairs = _mm256_add_epi16(pairs, _mm256_maddubs_epi16(codes, quad_of(x + 4 * q)));
  }
  return widen(pairs);
}

// Rows 8 half to 8 half + 7.
template <const PackedNarrow& format>
NETY_AVX2 inline void narrow_half(const PackedProduct& p, const std::byte* w, int half, int64_t t,
                                  float* y) {
  const SuperActivations& x = p.super;
  __m256 sum = _mm256_setzero_ps();
  for (int64_t b = 0; b < p.blocks; ++b, w += format.bytes()) {
    const int64_t at = t * p.blocks + b;
    __m256i exact = _mm256_setzero_si256(), least = exact;
    for (int chunk = 0; chunk < 8; ++chunk) {
      const std::byte* const at_chunk = w + format.chunk(chunk);
      const std::byte* quads = at_chunk + format.codes() + 32 * half;
      if (t == 0 && half == 0) fetch(at_chunk, format.chunk_bytes());
      __m256i both[4];
      NETY_UNROLL
      for (int q = 0; q < 4; ++q) both[q] = vector_at(quads + 64 * q);
      for (int upper = 0; upper < 2; ++upper) {
        const int group = chunk + 8 * upper;
        const int32_t total = x.group_sums[at * 16 + group];
        const __m256i dot =
            _mm256_sub_epi32(narrow_dot(both, upper != 0, x.codes + at * 256 + 16 * group),
                             _mm256_set1_epi32(format.offset * total));
        const __m256i scale = _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(
            at_chunk + PackedNarrow::kScales + 16 * upper + 8 * half)));
        exact = _mm256_add_epi32(exact, _mm256_mullo_epi32(dot, scale));
      }
      if constexpr (format.has_min) {
        const int32_t* sums = x.group_sums + at * 16 + chunk;
        const __m256i mins = _mm256_cvtepu8_epi16(_mm_loadu_si128(
            reinterpret_cast<const __m128i*>(at_chunk + PackedNarrow::kMins + 16 * half)));
        least = _mm256_add_epi32(
            least, _mm256_madd_epi16(mins, _mm256_set1_epi32(pair_of(sums[0], sums[8]))));
      }
    }
    const __m256 dx = _mm256_set1_ps(x.scales[at]);
    sum = _mm256_fmadd_ps(_mm256_mul_ps(halves_at(w + 16 * half), dx), _mm256_cvtepi32_ps(exact),
                          sum);
    if constexpr (format.has_min)
      sum = _mm256_fnmadd_ps(_mm256_mul_ps(halves_at(w + PackedNarrow::kMin + 16 * half), dx),
                             _mm256_cvtepi32_ps(least), sum);
  }
  _mm256_storeu_ps(y + t * p.y_stride + 8 * half, sum);
}

template <const PackedNarrow& format>
NETY_AVX2 inline void packed_narrow(const PackedProduct& p) {
  for (int64_t panel = 0; panel < p.panels; ++panel) {
    const std::byte* w = p.w + panel * p.blocks * format.bytes();
    for (int64_t t = 0; t < p.tokens; ++t)
      for (int half = 0; half < 2; ++half)
        narrow_half<format>(p, w, half, t, p.y + panel * kPackRows);
  }
}

}  // namespace

NETY_AVX2 void packed_q2_k_avx2(const PackedProduct& p) { packed_narrow<kPackedQ2K>(p); }

NETY_AVX2 void packed_q3_k_avx2(const PackedProduct& p) { packed_narrow<kPackedQ3K>(p); }

}  // namespace nety::kernels
#endif
