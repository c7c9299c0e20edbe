// Sixteen rows of q5_0 side by side.
#include "core/kernels/kernels.h"
#include "core/kernels/pack.h"

namespace nety::kernels {

void pack_q5_0_scalar(const std::byte* const* rows, int64_t blocks, std::byte* out) {
  pack_small<precision::Q5_0, kPackedQ5_0>(rows, blocks, out);
}

}  // namespace nety::kernels
