// Sixteen rows of q4_k side by side.
#include "core/kernels/kernels.h"
#include "core/kernels/pack.h"

namespace nety::kernels {

void pack_q4_k_scalar(const std::byte* const* rows, int64_t blocks, std::byte* out) {
  pack_k<precision::Q4K, kPackedQ4K>(rows, blocks, out);
}

}  // namespace nety::kernels
