// Stored 4-bit rows with AVX-512: the codebook times absmax is one register, and VPERMPS looks at
// the lowest four bits of an index, whatever stands above them.
#if defined(__x86_64__)
#include <cstring>

#include "core/kernels/sums_avx512.h"
#include "core/precision/fp4.h"
#include "core/precision/nf4.h"

#define NETY_TARGET NETY_AVX512
#include "core/kernels/stored_four_bit.h"

namespace nety::kernels {
namespace {

struct Codes {
  using Vector = __m512;
  static constexpr int kLanes = 16, kSums = 1, kTile = 4, kTogether = 1;
  __m512 values;

  struct Group {
    __m512 values;  // the codebook times absmax
    const std::byte* codes;

    template <int n>
    NETY_AVX512_INLINE void weights(__m512 (&out)[1]) const {
      int64_t eight;
      std::memcpy(&eight, codes + 8 * n, sizeof(eight));
      const __m512i shifts =
          _mm512_setr_epi32(0, 0, 4, 4, 8, 8, 12, 12, 16, 16, 20, 20, 24, 24, 28, 28);
      out[0] = _mm512_permutexvar_ps(_mm512_srlv_epi32(_mm512_set1_epi64(eight), shifts), values);
    }
  };

  NETY_AVX512 static inline Codes of(const float* values) { return {_mm512_loadu_ps(values)}; }
  NETY_AVX512_INLINE Group at(float absmax, const std::byte* codes) const {
    return {_mm512_mul_ps(values, _mm512_set1_ps(absmax)), codes};
  }
  NETY_AVX512_INLINE static __m512 zero() { return _mm512_setzero_ps(); }
  NETY_AVX512_INLINE static __m512 load(const float* x) { return _mm512_loadu_ps(x); }
  NETY_AVX512_INLINE static __m512 multiply_add(__m512 w, __m512 x, __m512 sum) {
    return _mm512_fmadd_ps(w, x, sum);
  }
  NETY_AVX512_INLINE static void put(float* out, __m512 v) { _mm512_storeu_ps(out, v); }
  template <int R, int T>
  NETY_AVX512_INLINE static void reduce(const __m512 (&sum)[R * T], float* y, int64_t y_stride) {
    store_sums<R, T>(sum, y, y_stride);
  }
};

}  // namespace

NETY_AVX512 void stored_rows_nf4_avx512(const StoredRows& p) {
  stored_four_bit<Codes, false>(precision::kNf4Book, p);
}

NETY_AVX512 void stored_rows_nf4_dq_avx512(const StoredRows& p) {
  stored_four_bit<Codes, true>(precision::kNf4Book, p);
}

NETY_AVX512 void stored_rows_fp4_avx512(const StoredRows& p) {
  stored_four_bit<Codes, false>(precision::kFp4Book, p);
}

NETY_AVX512 void stored_rows_fp4_dq_avx512(const StoredRows& p) {
  stored_four_bit<Codes, true>(precision::kFp4Book, p);
}

NETY_AVX512 void unpack_nibbles_nf4_avx512(const precision::MatrixView& w, int64_t row,
                                           float* out) {
  unpack_nibbles<Codes, false>(precision::kNf4Book, w, row, out);
}

NETY_AVX512 void unpack_nibbles_nf4_dq_avx512(const precision::MatrixView& w, int64_t row,
                                              float* out) {
  unpack_nibbles<Codes, true>(precision::kNf4Book, w, row, out);
}

NETY_AVX512 void unpack_nibbles_fp4_avx512(const precision::MatrixView& w, int64_t row,
                                           float* out) {
  unpack_nibbles<Codes, false>(precision::kFp4Book, w, row, out);
}

NETY_AVX512 void unpack_nibbles_fp4_dq_avx512(const precision::MatrixView& w, int64_t row,
                                              float* out) {
  unpack_nibbles<Codes, true>(precision::kFp4Book, w, row, out);
}

}  // namespace nety::kernels
#endif
