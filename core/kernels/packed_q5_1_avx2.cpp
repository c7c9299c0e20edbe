// q5_1 rows, packed, times activations in 16-bit codes.
#include "core/kernels/kernels.h"

#if defined(__x86_64__)
#include "core/kernels/packed_avx2.h"

namespace nety::kernels {

NETY_AVX2 void packed_q5_1_avx2(const PackedProduct& p) {
  packed_small<SmallCodes<kPackedQ5_1, 0>>(p);
}

}  // namespace nety::kernels
#endif
