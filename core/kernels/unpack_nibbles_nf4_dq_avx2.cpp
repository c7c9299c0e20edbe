// A row of nf4-dq to fp32 in the order that stored_rows_nf4_dq_avx2 sums it.
#include "core/kernels/kernels.h"

#if defined(__x86_64__)
#include "core/kernels/stored_four_bit_avx2.h"
#include "core/precision/nf4.h"

namespace nety::kernels {

NETY_AVX2 void unpack_nibbles_nf4_dq_avx2(const precision::MatrixView& w, int64_t row, float* out) {
  unpack_nibbles<true>(precision::kNf4Book, w, row, out);
}

}  // namespace nety::kernels
#endif
