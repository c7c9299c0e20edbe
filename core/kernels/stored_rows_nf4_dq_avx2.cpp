// nf4-dq rows in place times a few rows of activations, in exact fp32.
#include "core/kernels/kernels.h"

#if defined(__x86_64__)
#include "core/kernels/stored_four_bit_avx2.h"
#include "core/precision/nf4.h"

namespace nety::kernels {

NETY_AVX2 void stored_rows_nf4_dq_avx2(const StoredRows& p) {
  stored_four_bit<true>(precision::kNf4Book, p);
}

}  // namespace nety::kernels
#endif
