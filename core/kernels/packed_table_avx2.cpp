// Products with packed rows of iq4_xs, iq3_s and iq3_xxs in AVX2: nibbles become values by VPSHUFB;
// a group's dot times its scale stays in integers over a block. y += (d dx) S.
#if defined(__x86_64__)
#include <algorithm>

#include "core/kernels/packed_avx2.h"

namespace nety::kernels {
namespace {

// VPMADDUBSW takes unsigned codes and saturates at 16 bits. Where values plus `offset` are small
// enough, some quads fit into one sum; else the signs go to the activations.
template <const PackedTable& format>
struct TableCodes {
  static constexpr NibbleValues kUnsigned = unsigned_values(format.values, format.offset);
  static constexpr int32_t kLargest = *std::max_element(kUnsigned.begin(), kUnsigned.end());
  static constexpr int32_t kQuads = 32767 / (2 * 127 * kLargest);
  static constexpr int kRun = kQuads >= 4 ? 4 : kQuads >= 2 ? 2 : kQuads;
  static constexpr bool kSigned = kRun == 0;
  static constexpr NibbleValues kValues = kSigned ? unsigned_values(format.values, 0) : kUnsigned;

  NETY_AVX2_INLINE static __m256i dot(const __m256i (&codes)[8], const int8_t* x, int32_t sum) {
    if constexpr (!kSigned)
      return _mm256_sub_epi32(dot_of<kRun>(codes, x), _mm256_set1_epi32(format.offset * sum));
    __m256i out = _mm256_setzero_si256();
    NETY_UNROLL
    for (int q = 0; q < 8; ++q)
      out = _mm256_add_epi32(
          out, widen(_mm256_maddubs_epi16(_mm256_abs_epi8(codes[q]),
                                          _mm256_sign_epi8(quad_of(x + 4 * q), codes[q]))));
    return out;
  }
};

// Rows 8 half to 8 half + 7.
template <const PackedTable& format>
NETY_AVX2 inline void table_half(const PackedProduct& p, const std::byte* w, int half, int64_t t,
                                 float* y) {
  using Codes = TableCodes<format>;
  const SuperActivations& x = p.super;
  const __m256i low = _mm256_set1_epi8(15), values = values_of(Codes::kValues);
  __m256 sum = _mm256_setzero_ps();
  for (int64_t b = 0; b < p.blocks; ++b, w += PackedTable::bytes()) {
    const int64_t at = t * p.blocks + b;
    __m256i exact = _mm256_setzero_si256();
    for (int chunk = 0; chunk < 4; ++chunk) {
      const std::byte* const in = w + PackedTable::chunk(chunk);
      if (t == 0 && half == 0) fetch(in, PackedTable::kChunk);
      for (int part = 0; part < 2; ++part) {
        const int group = 2 * chunk + part;
        __m256i codes[8];
        NETY_UNROLL
        for (int q = 0; q < 8; ++q) {
          const __m256i both = vector_at(in + PackedTable::kCodes + 64 * q + 32 * half);
          const __m256i nibbles =
              _mm256_and_si256(part == 0 ? both : _mm256_srli_epi16(both, 4), low);
          codes[q] = _mm256_shuffle_epi8(values, nibbles);
        }
        const __m256i dot =
            Codes::dot(codes, x.codes + at * 256 + 32 * group, x.sums[at * 8 + group]);
        const __m256i scale = _mm256_cvtepi8_epi32(_mm_loadl_epi64(
            reinterpret_cast<const __m128i*>(in + PackedTable::kScales + 16 * part + 8 * half)));
        exact = _mm256_add_epi32(exact, _mm256_mullo_epi32(dot, scale));
      }
    }
    const __m256 d = _mm256_mul_ps(halves_at(w + 16 * half), _mm256_set1_ps(format.factor));
    sum = _mm256_fmadd_ps(_mm256_mul_ps(d, _mm256_set1_ps(x.scales[at])), _mm256_cvtepi32_ps(exact),
                          sum);
  }
  _mm256_storeu_ps(y + t * p.y_stride + 8 * half, sum);
}

template <const PackedTable& format>
NETY_AVX2 inline void packed_table(const PackedProduct& p) {
  for (int64_t panel = 0; panel < p.panels; ++panel) {
    const std::byte* w = p.w + panel * p.blocks * PackedTable::bytes();
    for (int64_t t = 0; t < p.tokens; ++t)
      for (int half = 0; half < 2; ++half)
        table_half<format>(p, w, half, t, p.y + panel * kPackRows);
  }
}

}  // namespace

NETY_AVX2 void packed_iq4_xs_avx2(const PackedProduct& p) { packed_table<kPackedIq4Xs>(p); }

NETY_AVX2 void packed_iq3_s_avx2(const PackedProduct& p) { packed_table<kPackedIq3S>(p); }

NETY_AVX2 void packed_iq3_xxs_avx2(const PackedProduct& p) { packed_table<kPackedIq3Xxs>(p); }

}  // namespace nety::kernels
#endif
