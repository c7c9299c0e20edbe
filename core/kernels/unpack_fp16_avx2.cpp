// fp16 to fp32: exact, by F16C.
#include "core/kernels/kernels.h"

#if defined(__x86_64__)
#include "core/base/half.h"
#include "core/kernels/vector_avx2.h"

namespace nety::kernels {

NETY_AVX2 void unpack_fp16_avx2(const precision::MatrixView& matrix, int64_t row, float* out) {
  const int64_t cols = matrix.cols;
  const auto* bits = reinterpret_cast<const uint16_t*>(matrix.codes) + row * cols;
  int64_t k = 0;
  for (; k + 8 <= cols; k += 8)
    _mm256_storeu_ps(out + k,
                     _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bits + k))));
  for (; k < cols; ++k) out[k] = float_from_fp16(bits[k]);
}

}  // namespace nety::kernels
#endif
