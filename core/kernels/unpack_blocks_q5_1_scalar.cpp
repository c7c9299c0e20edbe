// q5_1: 24 bytes a block: fp16 scale, fp16 minimum, 32 fifth bits, nibbles as q4_0's.
#include "core/kernels/kernels.h"
#include "core/precision/gguf_block.h"
#include "core/precision/layout.h"

namespace nety::kernels {

bool unpack_blocks_q5_1_scalar(const std::byte* row, int64_t cols, const BlockRows& out, int64_t r,
                               int64_t blocks) {
  using Layout = precision::Q5_1;
  for (int64_t b = 0; b < cols / 32; ++b, row += Layout::kBytes) {
    int8_t* codes = out.codes + (r * blocks + b) * 32;
    out.scales[r * blocks + b] = precision::fp16_at(row + Layout::kScale);
    out.mins[r * blocks + b] = precision::fp16_at(row + Layout::kMin);
    precision::unpack_nibbles(row + Layout::kCodes, codes);
    precision::add_fifth_bits(row + Layout::kHigh, codes);
  }
  return true;
}

}  // namespace nety::kernels
