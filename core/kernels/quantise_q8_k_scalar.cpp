// Activations to 8-bit codes in blocks of 256: the reference quantiser and the sums kernels want.
#include <algorithm>

#include "core/kernels/kernels.h"
#include "core/precision/activation.h"

namespace nety::kernels {

void quantise_q8_k_scalar(const float* x, int64_t cols, const SuperActivations& out, int64_t t) {
  for (int64_t b = 0; b < cols / 256; ++b) {
    const int64_t at = t * out.blocks + b;
    int16_t sums[16];
    precision::quantise_blocks(x + b * 256, 256, precision::kSuperBlock,
                               {out.codes + at * 256, out.scales + at, sums});
    for (int64_t g = 0; g < 16; ++g) out.group_sums[at * 16 + g] = sums[g];
    for (int64_t g = 0; g < 8; ++g)
      out.sums[at * 8 + g] = static_cast<int16_t>(sums[2 * g] + sums[2 * g + 1]);
  }
}

}  // namespace nety::kernels
