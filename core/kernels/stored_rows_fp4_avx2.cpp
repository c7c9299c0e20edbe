// fp4 rows in place times a few rows of activations, in exact fp32.
#include "core/kernels/kernels.h"

#if defined(__x86_64__)
#include "core/kernels/stored_four_bit_avx2.h"
#include "core/precision/fp4.h"

namespace nety::kernels {

NETY_AVX2 void stored_rows_fp4_avx2(const StoredRows& p) {
  stored_four_bit<false>(precision::kFp4Book, p);
}

}  // namespace nety::kernels
#endif
