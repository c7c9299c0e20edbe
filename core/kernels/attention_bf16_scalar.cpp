// Attention over bf16 keys and values, widened exactly.
#include "core/base/half.h"
#include "core/kernels/attention_scalar.h"
#include "core/kernels/kernels.h"

namespace nety::kernels {

void attention_bf16_scalar(const Attention& p) {
  attend_scalar<uint16_t>(p, [](uint16_t bits) { return float_from_bf16(bits); });
}

}  // namespace nety::kernels
