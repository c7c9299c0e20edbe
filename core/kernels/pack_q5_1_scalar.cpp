// Sixteen rows of q5_1 side by side.
#include "core/kernels/kernels.h"
#include "core/kernels/pack.h"

namespace nety::kernels {

void pack_q5_1_scalar(const std::byte* const* rows, int64_t blocks, std::byte* out) {
  pack_small<precision::Q5_1, kPackedQ5_1>(rows, blocks, out);
}

}  // namespace nety::kernels
