// bf16 rows in place times a few fp32 rows of activations.
#include "core/kernels/kernels.h"

#if defined(__x86_64__)
#include "core/kernels/stored_halves_avx2.h"

namespace nety::kernels {

NETY_AVX2 void stored_rows_bf16_avx2(const StoredRows& p) { stored_halves<Bf16Values>(p); }

}  // namespace nety::kernels
#endif
