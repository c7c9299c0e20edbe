// q3_k rows, packed, times activations in 8-bit codes per 256.
#include "core/kernels/kernels.h"

#if defined(__x86_64__)
#include "core/kernels/packed_narrow_avx512.h"

namespace nety::kernels {

NETY_AVX512 void packed_q3_k_avx512(const PackedProduct& p) {
  packed_panels<NarrowTiles<kPackedQ3K>>(p, p.blocks * kPackedQ3K.bytes());
}

}  // namespace nety::kernels
#endif
