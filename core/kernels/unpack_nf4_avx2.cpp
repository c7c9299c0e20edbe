// nf4 rows to fp32.
#include "core/kernels/kernels.h"

#if defined(__x86_64__)
#include "core/kernels/four_bit_avx2.h"
#include "core/precision/nf4.h"

namespace nety::kernels {

NETY_AVX2 void unpack_nf4_avx2(const precision::MatrixView& matrix, int64_t row, float* out) {
  unpack_four_bit_avx2(precision::kNf4Book, matrix, row, out);
}

}  // namespace nety::kernels
#endif
