// Attention over bf16 keys and values.
#include "core/kernels/kernels.h"

#if defined(__x86_64__)
#include "core/kernels/attention_avx2.h"

namespace nety::kernels {

NETY_AVX2 void attention_bf16_avx2(const Attention& p) { attend<Bf16Cache>(p); }

}  // namespace nety::kernels
#endif
