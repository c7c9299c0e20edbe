// Sizes of packed blocks.
#include "core/kernels/packed.h"

namespace nety::kernels {

size_t packed_block_bytes(precision::ModeId mode) {
  using precision::ModeId;
  switch (mode) {
    case ModeId::q8_0:
      return static_cast<size_t>(kPackedQ8_0.bytes());
    case ModeId::q4_0:
      return static_cast<size_t>(kPackedQ4_0.bytes());
    case ModeId::q4_1:
      return static_cast<size_t>(kPackedQ4_1.bytes());
    case ModeId::q5_0:
      return static_cast<size_t>(kPackedQ5_0.bytes());
    case ModeId::q5_1:
      return static_cast<size_t>(kPackedQ5_1.bytes());
    case ModeId::q2_k:
      return static_cast<size_t>(kPackedQ2K.bytes());
    case ModeId::q3_k:
      return static_cast<size_t>(kPackedQ3K.bytes());
    case ModeId::q4_k:
      return static_cast<size_t>(kPackedQ4K.bytes());
    case ModeId::q5_k:
      return static_cast<size_t>(kPackedQ5K.bytes());
    case ModeId::q6_k:
      return static_cast<size_t>(PackedQ6K::kBytes);
    default:
      return 0;
  }
}

}  // namespace nety::kernels
