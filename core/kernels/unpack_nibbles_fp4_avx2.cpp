// A row of fp4 to fp32 in the order that stored_rows_fp4_avx2 sums it.
#include "core/kernels/kernels.h"

#if defined(__x86_64__)
#include "core/kernels/stored_four_bit_avx2.h"
#include "core/precision/fp4.h"

namespace nety::kernels {

NETY_AVX2 void unpack_nibbles_fp4_avx2(const precision::MatrixView& w, int64_t row, float* out) {
  unpack_nibbles<false>(precision::kFp4Book, w, row, out);
}

}  // namespace nety::kernels
#endif
