// Sixteen rows of q6_k side by side.
#include "core/kernels/kernels.h"
#include "core/kernels/pack.h"

namespace nety::kernels {

void pack_q6_k_scalar(const std::byte* const* rows, int64_t blocks, std::byte* out) {
  using precision::Q6K;
  for (int64_t b = 0; b < blocks; ++b, out += PackedQ6K::kBytes)
    for (int64_t r = 0; r < kPackRows; ++r) {
      const std::byte* block = rows[r] + b * Q6K::kBytes;
      std::memcpy(out + 2 * r, block + Q6K::kScale, 2);
      for (int64_t g = 0; g < 16; ++g)
        out[PackedQ6K::kScales + 16 * g + r] = block[Q6K::kScales + g];
      for (int64_t half = 0; half < 2; ++half)
        for (int64_t q = 0; q < 8; ++q) {
          std::byte* to =
              out + PackedQ6K::kCodes + half * PackedQ6K::kHalf + q * PackedQ6K::kQuad + 4 * r;
          const std::byte* low = block + Q6K::kCodes + 64 * half + 4 * q;
          std::memcpy(to, low, 4);
          std::memcpy(to + 64, low + 32, 4);
          std::memcpy(to + 128, block + Q6K::kHigh + 32 * half + 4 * q, 4);
        }
    }
}

}  // namespace nety::kernels
