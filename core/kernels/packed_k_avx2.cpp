// Products with packed rows of q4_k and q5_k in AVX2. Sums over a block stay in integers: a group's
// dot times its scale, then one fp32 step per block.
#if defined(__x86_64__)
#include "core/kernels/packed_super_avx2.h"

namespace nety::kernels {
namespace {

NETY_AVX2_INLINE __m256i bytes_to_ints(const std::byte* w) {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(w)));
}

// Minimums of two groups, as 16 bits each, of eight rows.
NETY_AVX2_INLINE __m256i mins_at(const std::byte* in, int half) {
  return _mm256_cvtepu8_epi16(
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + PackedK::kMins + 16 * half)));
}

// The codes of a group's quad q, part 0 or 1 of a chunk, of eight rows.
template <const PackedK& format>
NETY_AVX2_INLINE __m256i codes_of(const std::byte* in, int part, int q, int half) {
  const __m256i both = vector_at(in + format.codes() + 64 * q + 32 * half);
  const __m256i low = _mm256_set1_epi8(15);
  const __m256i codes = _mm256_and_si256(part == 0 ? both : _mm256_srli_epi16(both, 4), low);
  if constexpr (format.has_fifth)
    return with_fifth(codes, in + PackedK::kFifth + (part * 8 + q) * 8 + 4 * half);
  return codes;
}

template <const PackedK& format>
struct KBlocks {
  static constexpr int kRun = format.has_fifth ? 4 : 8, kGroups = 8;
  static constexpr bool kSignedCodes = false, kHasMin = true;
  static constexpr int64_t kBytes = format.bytes();

  NETY_AVX2 static void unpack(const std::byte* w, SuperBlock& out) {
    for (int half = 0; half < 2; ++half) {
      for (int chunk = 0; chunk < 4; ++chunk) {
        const std::byte* const in = w + format.chunk(chunk);
        for (int part = 0; part < 2; ++part) {
          const int group = 2 * chunk + part;
          for (int q = 0; q < 8; ++q)
            _mm256_store_si256(reinterpret_cast<__m256i*>(out.codes[8 * group + q][half]),
                               codes_of<format>(in, part, q, half));
          _mm256_store_si256(reinterpret_cast<__m256i*>(out.scales[group][half]),
                             twice(bytes_to_ints(in + PackedK::kScales + 16 * part + 8 * half)));
        }
        _mm256_store_si256(reinterpret_cast<__m256i*>(out.mins[chunk][half]), mins_at(in, half));
      }
      _mm256_store_ps(out.d[half], halves_at(w + 16 * half));
      _mm256_store_ps(out.least[half], halves_at(w + PackedK::kMin + 16 * half));
      _mm256_store_si256(reinterpret_cast<__m256i*>(out.offset[half]), _mm256_setzero_si256());
    }
  }
};

// A group's dot with one token, times its scales.
template <const PackedK& format>
NETY_AVX2_INLINE __m256i group_of(const std::byte* in, int part, int half, const int8_t* x) {
  constexpr int kRun = format.has_fifth ? 4 : 8;
  const __m256i scale = twice(bytes_to_ints(in + PackedK::kScales + 16 * part + 8 * half));
  __m256i sum = _mm256_setzero_si256();
  NETY_UNROLL
  for (int q = 0; q < 8; q += kRun) {
    __m256i pairs = _mm256_maddubs_epi16(codes_of<format>(in, part, q, half), quad_of(x + 4 * q));
    NETY_UNROLL
    for (int i = q + 1; i < q + kRun; ++i)
      pairs = _mm256_add_epi16(
          pairs, _mm256_maddubs_epi16(codes_of<format>(in, part, i, half), quad_of(x + 4 * i)));
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, scale));
  }
  return sum;
}

// One token: y = sum of (d dx) S - (dmin dx) M.
template <const PackedK& format>
NETY_AVX2 void k_row(const PackedProduct& p, const std::byte* w, float* y) {
  const SuperActivations& x = p.super;
  __m256 sum[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
  for (int64_t b = 0; b < p.blocks; ++b, w += format.bytes()) {
    __m256i exact[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    __m256i least[2] = {exact[0], exact[0]};
    for (int chunk = 0; chunk < 4; ++chunk) {
      const std::byte* const in = w + format.chunk(chunk);
      fetch(in, format.chunk_bytes());
      const int8_t* const codes = x.codes + b * 256 + 64 * chunk;
      const auto* sums = reinterpret_cast<const int8_t*>(x.sums + b * 8 + 2 * chunk);
      NETY_UNROLL
      for (int half = 0; half < 2; ++half) {
        exact[half] = _mm256_add_epi32(exact[half], group_of<format>(in, 0, half, codes));
        exact[half] = _mm256_add_epi32(exact[half], group_of<format>(in, 1, half, codes + 32));
        least[half] =
            _mm256_add_epi32(least[half], _mm256_madd_epi16(mins_at(in, half), quad_of(sums)));
      }
    }
    const __m256 dx = _mm256_set1_ps(x.scales[b]);
    NETY_UNROLL
    for (int half = 0; half < 2; ++half) {
      sum[half] = _mm256_fmadd_ps(_mm256_mul_ps(halves_at(w + 16 * half), dx),
                                  _mm256_cvtepi32_ps(exact[half]), sum[half]);
      sum[half] = _mm256_fnmadd_ps(_mm256_mul_ps(halves_at(w + PackedK::kMin + 16 * half), dx),
                                   _mm256_cvtepi32_ps(least[half]), sum[half]);
    }
  }
  _mm256_storeu_ps(y, sum[0]);
  _mm256_storeu_ps(y + 8, sum[1]);
}

template <const PackedK& format>
NETY_AVX2 inline void packed_k(const PackedProduct& p) {
  if (p.tokens > 1) return super_tiles<KBlocks<format>>(p);
  for (int64_t panel = 0; panel < p.panels; ++panel)
    k_row<format>(p, p.w + panel * p.blocks * format.bytes(), p.y + panel * kPackRows);
}

}  // namespace

NETY_AVX2 void packed_q4_k_avx2(const PackedProduct& p) { packed_k<kPackedQ4K>(p); }

NETY_AVX2 void packed_q5_k_avx2(const PackedProduct& p) { packed_k<kPackedQ5K>(p); }

}  // namespace nety::kernels
#endif
