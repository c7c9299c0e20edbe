// Sixteen rows of q2_k side by side.
#include "core/kernels/kernels.h"
#include "core/kernels/pack.h"

namespace nety::kernels {

void pack_q2_k_scalar(const std::byte* const* rows, int64_t blocks, std::byte* out) {
  pack_narrow<precision::Q2K, kPackedQ2K, precision::decode_q2_k>(rows, blocks, out);
}

}  // namespace nety::kernels
