// Attention over fp32 keys and values.
#include "core/kernels/kernels.h"

#if defined(__x86_64__)
#include "core/kernels/attention_avx2.h"

namespace nety::kernels {

NETY_AVX2 void attention_fp32_avx2(const Attention& p) { attend<Fp32Cache>(p); }

}  // namespace nety::kernels
#endif
