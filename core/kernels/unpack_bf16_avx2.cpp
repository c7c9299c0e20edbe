// bf16 to fp32: exact, a shift.
#include "core/kernels/kernels.h"

#if defined(__x86_64__)
#include "core/base/half.h"
#include "core/kernels/vector_avx2.h"

namespace nety::kernels {

NETY_AVX2 void unpack_bf16_avx2(const precision::MatrixView& matrix, int64_t row, float* out) {
  const int64_t cols = matrix.cols;
  const auto* bits = reinterpret_cast<const uint16_t*>(matrix.codes) + row * cols;
  int64_t k = 0;
  for (; k + 8 <= cols; k += 8) {
    const __m128i half = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bits + k));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + k),
                        _mm256_slli_epi32(_mm256_cvtepu16_epi32(half), 16));
  }
  for (; k < cols; ++k) out[k] = float_from_bf16(bits[k]);
}

}  // namespace nety::kernels
#endif
