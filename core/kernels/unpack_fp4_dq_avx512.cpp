// fp4 with nested scales rows to fp32.
#include "core/kernels/kernels.h"

#if defined(__x86_64__)
#include "core/kernels/four_bit_avx512.h"
#include "core/precision/fp4.h"

namespace nety::kernels {

NETY_AVX512 void unpack_fp4_dq_avx512(const precision::MatrixView& matrix, int64_t row,
                                      float* out) {
  unpack_four_bit_avx512(precision::kFp4Book, matrix, row, out);
}

}  // namespace nety::kernels
#endif
