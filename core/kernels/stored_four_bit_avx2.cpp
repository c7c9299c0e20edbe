// Stored 4-bit rows with AVX2. VPERMPS looks at three bits of an index, so the codebook times
// absmax is two tables of eight, and the fourth bit, moved to the sign, chooses between what they
// give.
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
  static constexpr int kLanes = 8, kSums = 2, kTile = 2;
  __m256 below, above;

  struct Group {
    __m256 below, above;  // the codebook times absmax
    const std::byte* codes;

    template <int n>
    NETY_AVX2_INLINE __m256 weights() const {
      int64_t eight;
      std::memcpy(&eight, codes + 8 * (n / 2), sizeof(eight));
      const __m256i both = _mm256_set1_epi64x(eight);
      constexpr int kFirst = n % 2 * 16;
      const __m256i shifts = _mm256_setr_epi32(kFirst, kFirst, kFirst + 4, kFirst + 4, kFirst + 8,
                                               kFirst + 8, kFirst + 12, kFirst + 12);
      const __m256i index = _mm256_srlv_epi32(both, shifts);
      const __m256i fourth =
          _mm256_sllv_epi32(both, _mm256_sub_epi32(_mm256_set1_epi32(28), shifts));
      return _mm256_blendv_ps(_mm256_permutevar8x32_ps(below, index),
                              _mm256_permutevar8x32_ps(above, index), _mm256_castsi256_ps(fourth));
    }
  };

  NETY_AVX2 static inline Codes of(const float* values) {
    return {_mm256_loadu_ps(values), _mm256_loadu_ps(values + 8)};
  }
  NETY_AVX2_INLINE Group at(float absmax, const std::byte* codes) const {
    const __m256 scale = _mm256_set1_ps(absmax);
    return {_mm256_mul_ps(below, scale), _mm256_mul_ps(above, scale), codes};
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
