// Sixteen rows of q4_1 side by side.
#include "core/kernels/kernels.h"
#include "core/kernels/pack.h"

namespace nety::kernels {

void pack_q4_1_scalar(const std::byte* const* rows, int64_t blocks, std::byte* out) {
  pack_small<precision::Q4_1, kPackedQ4_1>(rows, blocks, out);
}

}  // namespace nety::kernels
