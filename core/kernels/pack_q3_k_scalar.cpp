// Sixteen rows of q3_k side by side.
#include "core/kernels/kernels.h"
#include "core/kernels/pack.h"

namespace nety::kernels {

void pack_q3_k_scalar(const std::byte* const* rows, int64_t blocks, std::byte* out) {
  pack_narrow<precision::Q3K, kPackedQ3K, precision::decode_q3_k>(rows, blocks, out);
}

}  // namespace nety::kernels
