// Attention over fp32 keys and values, plainly.
#include "core/kernels/attention_scalar.h"
#include "core/kernels/kernels.h"

namespace nety::kernels {

void attention_fp32_scalar(const Attention& p) {
  attend_scalar<float>(p, [](float value) { return value; });
}

}  // namespace nety::kernels
