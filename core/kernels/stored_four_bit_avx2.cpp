// Stored 4-bit rows with AVX2. VPERMPS looks at three bits of an index only, so values are looked
// up a byte at a time: VPSHUFB in four tables of 16, the bytes of the codebook's values, and two
// rounds of interleaving. The codebook times absmax would need no multiplication for each weight,
// but new tables for each block.
#if defined(__x86_64__)
#include <cstring>

#include "core/kernels/vector_avx2.h"
#include "core/precision/fp4.h"
#include "core/precision/nf4.h"

#define NETY_TARGET NETY_AVX2
#include "core/kernels/stored_four_bit.h"

namespace nety::kernels {
namespace {

struct Codes {
  using Vector = __m256;
  static constexpr int kLanes = 8, kSums = 2, kTile = 2, kTogether = 4;
  __m256i bytes[4];  // byte i of each value of the codebook, in both halves

  struct Group {
    const __m256i* bytes;
    __m256 absmax;
    const std::byte* codes;

    // The codes of two chunks of nibble_column() as bytes: a vector's first four in the lower half,
    // its others in the upper one.
    template <int n>
    NETY_AVX2_INLINE __m256i index() const {
      const __m256i both = _mm256_broadcastsi128_si256(
          _mm_loadu_si128(reinterpret_cast<const __m128i*>(codes + 4 * n)));
      const __m256i ordered = _mm256_shuffle_epi8(
          both, _mm256_setr_epi8(0, 4, 0, 4, 2, 6, 2, 6, 8, 12, 8, 12, 10, 14, 10, 14,  //
                                 1, 5, 1, 5, 3, 7, 3, 7, 9, 13, 9, 13, 11, 15, 11, 15));
      const __m256i nibbles = _mm256_blend_epi16(ordered, _mm256_srli_epi16(ordered, 4), 0xaa);
      return _mm256_and_si256(nibbles, _mm256_set1_epi8(15));
    }
    template <int n>
    NETY_AVX2_INLINE void weights(__m256 (&out)[kTogether]) const {
      const __m256i at = index<n>();
      const __m256i b0 = _mm256_shuffle_epi8(bytes[0], at), b1 = _mm256_shuffle_epi8(bytes[1], at);
      const __m256i b2 = _mm256_shuffle_epi8(bytes[2], at), b3 = _mm256_shuffle_epi8(bytes[3], at);
      const __m256i low = _mm256_unpacklo_epi8(b0, b1), high = _mm256_unpacklo_epi8(b2, b3);
      const __m256i low2 = _mm256_unpackhi_epi8(b0, b1), high2 = _mm256_unpackhi_epi8(b2, b3);
      const __m256i values[kTogether] = {
          _mm256_unpacklo_epi16(low, high), _mm256_unpackhi_epi16(low, high),
          _mm256_unpacklo_epi16(low2, high2), _mm256_unpackhi_epi16(low2, high2)};
      NETY_UNROLL
      for (int i = 0; i < kTogether; ++i)
        out[i] = _mm256_mul_ps(_mm256_castsi256_ps(values[i]), absmax);
    }
  };

  NETY_AVX2 static inline Codes of(const float* values) {
    Codes codes;
    for (int byte = 0; byte < 4; ++byte) {
      alignas(32) char table[32];
      for (int i = 0; i < 32; ++i)
        std::memcpy(table + i, reinterpret_cast<const char*>(values + i % 16) + byte, 1);
      codes.bytes[byte] = _mm256_load_si256(reinterpret_cast<const __m256i*>(table));
    }
    return codes;
  }
  NETY_AVX2_INLINE Group at(float absmax, const std::byte* codes) const {
    return {bytes, _mm256_set1_ps(absmax), codes};
  }
  NETY_AVX2_INLINE static __m256 zero() { return _mm256_setzero_ps(); }
  NETY_AVX2_INLINE static __m256 load(const float* x) { return _mm256_loadu_ps(x); }
  NETY_AVX2_INLINE static __m256 multiply_add(__m256 w, __m256 x, __m256 sum) {
    return _mm256_fmadd_ps(w, x, sum);
  }
  NETY_AVX2_INLINE static void put(float* out, __m256 v) { _mm256_storeu_ps(out, v); }
  template <int R, int T>
  NETY_AVX2_INLINE static void reduce(const __m256 (&sum)[R * T * 2], float* y, int64_t y_stride) {
    NETY_UNROLL
    for (int r = 0; r < R; ++r) {
      NETY_UNROLL
      for (int t = 0; t < T; ++t)
        y[t * y_stride + r] = total(sum[(r * T + t) * 2], sum[(r * T + t) * 2 + 1]);
    }
  }
};

}  // namespace

NETY_AVX2 void stored_rows_nf4_avx2(const StoredRows& p) {
  stored_four_bit<Codes, false>(precision::kNf4Book, p);
}

NETY_AVX2 void stored_rows_nf4_dq_avx2(const StoredRows& p) {
  stored_four_bit<Codes, true>(precision::kNf4Book, p);
}

NETY_AVX2 void stored_rows_fp4_avx2(const StoredRows& p) {
  stored_four_bit<Codes, false>(precision::kFp4Book, p);
}

NETY_AVX2 void stored_rows_fp4_dq_avx2(const StoredRows& p) {
  stored_four_bit<Codes, true>(precision::kFp4Book, p);
}

NETY_AVX2 void unpack_nibbles_nf4_avx2(const precision::MatrixView& w, int64_t row, float* out) {
  unpack_nibbles<Codes, false>(precision::kNf4Book, w, row, out);
}

NETY_AVX2 void unpack_nibbles_nf4_dq_avx2(const precision::MatrixView& w, int64_t row, float* out) {
  unpack_nibbles<Codes, true>(precision::kNf4Book, w, row, out);
}

NETY_AVX2 void unpack_nibbles_fp4_avx2(const precision::MatrixView& w, int64_t row, float* out) {
  unpack_nibbles<Codes, false>(precision::kFp4Book, w, row, out);
}

NETY_AVX2 void unpack_nibbles_fp4_dq_avx2(const precision::MatrixView& w, int64_t row, float* out) {
  unpack_nibbles<Codes, true>(precision::kFp4Book, w, row, out);
}

}  // namespace nety::kernels
#endif
