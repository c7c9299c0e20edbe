// Activations to integers by the reference quantisers of the modes: 16-bit codes in blocks of 32,
// 8-bit codes in blocks of 256 with the sums that kernels want, and rows as LLM.int8() rounds them.
#include "core/kernels/activations.h"
#include "core/kernels/code_bytes.h"
#include "core/precision/activation.h"

namespace nety::kernels {

void quantise_q8_scalar(const float* x, int64_t cols, const BlockActivations& out, int64_t t) {
  for (int64_t b = 0; b < cols / 32; ++b) quantise_block(x + b * 32, out, t * out.blocks + b);
}

void quantise_super_q8_k_scalar(const float* x, int64_t cols, const SuperActivations& out,
                                int64_t t) {
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

void quantise_row_int8_scalar(const float* x, int64_t cols, precision::Int8Row& out) {
  precision::quantise_row(x, cols, precision::kOutlierThreshold, out);
}

}  // namespace nety::kernels
