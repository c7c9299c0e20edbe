// fp16 rows in place times a few fp32 rows of activations.
#include "core/kernels/kernels.h"

#if defined(__x86_64__)
#include "core/kernels/stored_halves_avx512.h"

namespace nety::kernels {

NETY_AVX512 void stored_rows_fp16_avx512(const StoredRows& p) { stored_halves<Fp16Values>(p); }

}  // namespace nety::kernels
#endif
