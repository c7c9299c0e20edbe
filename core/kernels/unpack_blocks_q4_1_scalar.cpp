// q4_1: 20 bytes a block: fp16 scale, fp16 minimum, then nibbles as q4_0's without the offset.
#include <cstring>

#include "core/base/half.h"
#include "core/kernels/kernels.h"

namespace nety::kernels {

bool unpack_blocks_q4_1_scalar(const std::byte* row, int64_t cols, const BlockRows& out, int64_t r,
                               int64_t blocks) {
  for (int64_t b = 0; b < cols / 32; ++b, row += 20) {
    uint16_t scale_and_min[2];
    std::memcpy(scale_and_min, row, 4);
    out.scales[r * blocks + b] = float_from_fp16(scale_and_min[0]);
    out.mins[r * blocks + b] = float_from_fp16(scale_and_min[1]);
    int8_t* codes = out.codes + (r * blocks + b) * 32;
    for (int i = 0; i < 16; ++i) {
      const auto byte = static_cast<uint8_t>(row[4 + i]);
      codes[i] = static_cast<int8_t>(byte & 15);
      codes[i + 16] = static_cast<int8_t>(byte >> 4);
    }
  }
  return true;
}

}  // namespace nety::kernels
