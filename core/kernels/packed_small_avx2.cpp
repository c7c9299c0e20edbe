// Products with packed rows of the 32-weight formats, activations in 16-bit codes.
#if defined(__x86_64__)
#include "core/kernels/packed_small_avx2.h"

namespace nety::kernels {

NETY_AVX2 void packed_q4_0_avx2(const PackedProduct& p) {
  packed_small<SmallCodes<kPackedQ4_0, 8>>(p);
}

NETY_AVX2 void packed_q4_1_avx2(const PackedProduct& p) {
  packed_small<SmallCodes<kPackedQ4_1, 0>>(p);
}

NETY_AVX2 void packed_q5_0_avx2(const PackedProduct& p) {
  packed_small<SmallCodes<kPackedQ5_0, 16>>(p);
}

NETY_AVX2 void packed_q5_1_avx2(const PackedProduct& p) {
  packed_small<SmallCodes<kPackedQ5_1, 0>>(p);
}

NETY_AVX2 void packed_mxfp4_avx2(const PackedProduct& p) {
  packed_small<SmallCodes<kPackedMxfp4, kMxfp4Offset>>(p);
}

}  // namespace nety::kernels
#endif
