// q3_k rows, packed, times activations in 8-bit codes per 256.
#include "core/kernels/kernels.h"

#if defined(__x86_64__)
#include "core/kernels/packed_narrow_avx2.h"

namespace nety::kernels {

NETY_AVX2 void packed_q3_k_avx2(const PackedProduct& p) { packed_narrow<kPackedQ3K>(p); }

}  // namespace nety::kernels
#endif
