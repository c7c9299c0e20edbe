// iq4_nl: 18 bytes a block: fp16 scale, nibbles as q4_0's, each an index into a table of int8
// values.
#include "core/kernels/kernels.h"
#include "core/precision/gguf_block.h"
#include "core/precision/layout.h"

namespace nety::kernels {

bool unpack_blocks_iq4_nl_scalar(const std::byte* row, int64_t cols, const BlockRows& out,
                                 int64_t r, int64_t blocks) {
  using Layout = precision::Iq4Nl;
  for (int64_t b = 0; b < cols / 32; ++b, row += Layout::kBytes) {
    int8_t* codes = out.codes + (r * blocks + b) * 32;
    out.scales[r * blocks + b] = precision::fp16_at(row + Layout::kScale);
    precision::unpack_nibbles(row + Layout::kCodes, codes);
    for (int i = 0; i < 32; ++i) codes[i] = Layout::kValues[static_cast<size_t>(codes[i])];
  }
  return false;
}

}  // namespace nety::kernels
