// Activations to 16-bit codes in blocks of 32, by the reference quantiser of the modes.
#include "core/kernels/code_bytes.h"
#include "core/kernels/kernels.h"
#include "core/precision/activation.h"

namespace nety::kernels {

void quantise_q8_scalar(const float* x, int64_t cols, const BlockActivations& out, int64_t t) {
  for (int64_t b = 0; b < cols / 32; ++b) quantise_block(x + b * 32, out, t * out.blocks + b);
}

}  // namespace nety::kernels
