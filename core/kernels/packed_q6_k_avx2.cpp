// q6_k rows, packed, times activations in 8-bit codes per 256.
#if defined(__x86_64__)
#include "core/kernels/packed_super_avx2.h"

namespace nety::kernels {
namespace {

// Quad q of the run of 32 weights `run` of a half block: nibbles and two high bits.
template <int run>
NETY_AVX2_INLINE __m256i six_bits(const std::byte* codes, int q) {
  const __m256i both = vector_at(codes + PackedQ6K::kQuad * q + 64 * (run % 2));
  const __m256i bits = vector_at(codes + PackedQ6K::kQuad * q + 128);
  const __m256i nibble =
      _mm256_and_si256(run < 2 ? both : _mm256_srli_epi16(both, 4), _mm256_set1_epi8(15));
  const __m256i moved = run == 0   ? _mm256_slli_epi16(bits, 4)
                        : run == 1 ? _mm256_slli_epi16(bits, 2)
                        : run == 2 ? bits
                                   : _mm256_srli_epi16(bits, 2);
  return _mm256_or_si256(nibble, _mm256_and_si256(moved, _mm256_set1_epi8(0x30)));
}

NETY_AVX2_INLINE __m256i scales_at(const std::byte* w, int group, int half) {
  return _mm256_cvtepi8_epi32(_mm_loadl_epi64(
      reinterpret_cast<const __m128i*>(w + PackedQ6K::kScales + 16 * group + 8 * half)));
}

/// Codes less 32, signed: pairs of 255 * 32 fit into 16 bits twice.
struct SixBlocks {
  static constexpr int kRun = 2, kGroups = 16;
  static constexpr bool kSignedCodes = true, kHasMin = false;
  static constexpr int64_t kBytes = PackedQ6K::kBytes;

  template <int run>
  NETY_AVX2_INLINE static void unpack_run(const std::byte* w, int part, int half, SuperBlock& out) {
    const std::byte* codes = w + PackedQ6K::kCodes + part * PackedQ6K::kHalf + 32 * half;
    for (int i = 0; i < 2; ++i) {
      const int group = 8 * part + 2 * run + i;
      __m256i pairs = _mm256_setzero_si256();  // sums of codes
      for (int q = 0; q < 4; ++q) {
        const __m256i six = _mm256_sub_epi8(six_bits<run>(codes, 4 * i + q), _mm256_set1_epi8(32));
        _mm256_store_si256(reinterpret_cast<__m256i*>(out.codes[4 * group + q][half]), six);
        pairs = _mm256_add_epi16(pairs, _mm256_maddubs_epi16(_mm256_set1_epi8(1), six));
      }
      const __m256i scale = twice(scales_at(w, group, half));
      _mm256_store_si256(reinterpret_cast<__m256i*>(out.scales[group][half]), scale);
      auto* const offset = reinterpret_cast<__m256i*>(out.offset[half]);
      const __m256i much = _mm256_slli_epi32(_mm256_madd_epi16(pairs, scale), 7);  // times 128
      _mm256_store_si256(offset, _mm256_sub_epi32(_mm256_load_si256(offset), much));
    }
  }
  NETY_AVX2 static void unpack(const std::byte* w, SuperBlock& out) {
    for (int half = 0; half < 2; ++half) {
      _mm256_store_si256(reinterpret_cast<__m256i*>(out.offset[half]), _mm256_setzero_si256());
      for (int part = 0; part < 2; ++part) {
        unpack_run<0>(w, part, half, out);
        unpack_run<1>(w, part, half, out);
        unpack_run<2>(w, part, half, out);
        unpack_run<3>(w, part, half, out);
      }
      _mm256_store_ps(out.d[half], halves_at(w + 16 * half));
    }
  }
};

/// Sums over a block of eight rows: codes as they are, times scales, and scales times the sums of
/// activations. Codes are 32 too large.
struct SixSums {
  __m256i codes, scales;

  NETY_AVX2_INLINE __m256i exact() const {
    return _mm256_sub_epi32(codes, _mm256_slli_epi32(scales, 5));
  }
};

// Two groups of 16 weights of eight rows, times their scales.
template <int run>
NETY_AVX2_INLINE void add_run(const PackedProduct& p, const std::byte* w, int part, int half,
                              int64_t b, SixSums& sums) {
  const std::byte* codes = w + PackedQ6K::kCodes + part * PackedQ6K::kHalf + 32 * half;
  NETY_UNROLL
  for (int i = 0; i < 2; ++i) {
    const int group = 8 * part + 2 * run + i;
    const int8_t* x = p.super.codes + b * 256 + 16 * group;
    const __m256i scale = scales_at(w, group, half), both = twice(scale);
    NETY_UNROLL
    for (int q = 0; q < 4; q += 2) {
      const __m256i pairs = _mm256_add_epi16(
          _mm256_maddubs_epi16(six_bits<run>(codes, 4 * i + q), quad_of(x + 4 * q)),
          _mm256_maddubs_epi16(six_bits<run>(codes, 4 * i + q + 1), quad_of(x + 4 * q + 4)));
      sums.codes = _mm256_add_epi32(sums.codes, _mm256_madd_epi16(pairs, both));
    }
    // The sum of 16 codes fits into 16 bits, and the rest of the pair is zero.
    const int32_t sum = p.super.group_sums[b * 16 + group] & 0xffff;
    sums.scales = _mm256_add_epi32(sums.scales, _mm256_madd_epi16(scale, _mm256_set1_epi32(sum)));
  }
}

// One token.
NETY_AVX2 void six_row(const PackedProduct& p, const std::byte* w, float* y) {
  __m256 sum[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
  for (int64_t b = 0; b < p.blocks; ++b, w += PackedQ6K::kBytes) {
    const __m256i zero = _mm256_setzero_si256();
    SixSums sums[2] = {{zero, zero}, {zero, zero}};
    for (int part = 0; part < 2; ++part) {
      fetch(w + part * (PackedQ6K::kBytes / 2), PackedQ6K::kBytes / 2);
      for (int half = 0; half < 2; ++half) {
        add_run<0>(p, w, part, half, b, sums[half]);
        add_run<1>(p, w, part, half, b, sums[half]);
        add_run<2>(p, w, part, half, b, sums[half]);
        add_run<3>(p, w, part, half, b, sums[half]);
      }
    }
    const __m256 dx = _mm256_set1_ps(p.super.scales[b]);
    NETY_UNROLL
    for (int half = 0; half < 2; ++half)
      sum[half] = _mm256_fmadd_ps(_mm256_mul_ps(halves_at(w + 16 * half), dx),
                                  _mm256_cvtepi32_ps(sums[half].exact()), sum[half]);
  }
  _mm256_storeu_ps(y, sum[0]);
  _mm256_storeu_ps(y + 8, sum[1]);
}

}  // namespace

NETY_AVX2 void packed_q6_k_avx2(const PackedProduct& p) {
  if (p.tokens > 1) return super_tiles<SixBlocks>(p);
  for (int64_t panel = 0; panel < p.panels; ++panel)
    six_row(p, p.w + panel * p.blocks * PackedQ6K::kBytes, p.y + panel * kPackRows);
}

}  // namespace nety::kernels
#endif
