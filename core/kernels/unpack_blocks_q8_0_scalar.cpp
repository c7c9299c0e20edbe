// q8_0: 34 bytes a block: fp16 scale, 32 signed codes.
#include <cstring>

#include "core/base/half.h"
#include "core/kernels/kernels.h"

namespace nety::kernels {

bool unpack_blocks_q8_0_scalar(const std::byte* row, int64_t cols, const BlockRows& out, int64_t r,
                               int64_t blocks) {
  for (int64_t b = 0; b < cols / 32; ++b, row += 34) {
    uint16_t scale;
    std::memcpy(&scale, row, 2);
    out.scales[r * blocks + b] = float_from_fp16(scale);
    std::memcpy(out.codes + (r * blocks + b) * 32, row + 2, 32);
  }
  return false;
}

}  // namespace nety::kernels
