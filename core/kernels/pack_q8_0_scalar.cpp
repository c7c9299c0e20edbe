// Sixteen rows of q8_0 side by side.
#include "core/kernels/kernels.h"
#include "core/kernels/pack.h"

namespace nety::kernels {

void pack_q8_0_scalar(const std::byte* const* rows, int64_t blocks, std::byte* out) {
  pack_small<precision::Q8_0, kPackedQ8_0>(rows, blocks, out);
}

}  // namespace nety::kernels
