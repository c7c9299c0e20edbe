// q4_0: 18 bytes a block: fp16 scale, then 16 bytes whose low nibbles are weights 0-15 and high
// nibbles weights 16-31, each less 8.
#include <cstring>

#include "core/base/half.h"
#include "core/kernels/kernels.h"

namespace nety::kernels {

bool unpack_blocks_q4_0_scalar(const std::byte* row, int64_t cols, const BlockRows& out, int64_t r,
                               int64_t blocks) {
  for (int64_t b = 0; b < cols / 32; ++b, row += 18) {
    uint16_t scale;
    std::memcpy(&scale, row, 2);
    out.scales[r * blocks + b] = float_from_fp16(scale);
    int8_t* codes = out.codes + (r * blocks + b) * 32;
    for (int i = 0; i < 16; ++i) {
      const auto byte = static_cast<uint8_t>(row[2 + i]);
      codes[i] = static_cast<int8_t>((byte & 15) - 8);
      codes[i + 16] = static_cast<int8_t>((byte >> 4) - 8);
    }
  }
  return false;
}

}  // namespace nety::kernels
