// Activations to int8 in blocks of 32, by the reference quantiser of the modes.
#include "core/kernels/kernels.h"
#include "core/precision/activation.h"

namespace nety::kernels {

void quantise_q8_scalar(const float* x, int64_t cols, const BlockActivations& out, int64_t t) {
  int8_t* codes = out.codes + t * out.blocks * 32;
  float* scales = out.scales + t * out.blocks;
  int16_t sum = 0;
  for (int64_t b = 0; b < cols / 32; ++b) {
    precision::quantise_blocks(x + b * 32, 32, precision::kBlock,
                               {codes + b * 32, scales + b, &sum});
    out.code_sums[t * out.blocks + b] = sum;
    out.sums[t * out.blocks + b] = scales[b] * static_cast<float>(sum);
  }
}

}  // namespace nety::kernels
