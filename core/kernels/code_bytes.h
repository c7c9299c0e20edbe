// One block of activations through the reference quantiser, its codes split into two bytes.
#pragma once

#include "core/kernels/activations.h"
#include "core/precision/activation.h"

namespace nety::kernels {

/// Block number `at` of the activations from x [32].
inline void quantise_block(const float* x, const BlockActivations& out, int64_t at) {
  int16_t codes[32];
  int32_t sum = 0;
  precision::quantise_fine(x, 32, {codes, out.scales + at, &sum});
  for (int64_t i = 0; i < 32; ++i) {
    // The nearest multiple of the base; what is left lies in -127 to 127.
    const int32_t code = codes[i];
    const int32_t high = (code + (code < 0 ? -kCodeBase / 2 : kCodeBase / 2)) / kCodeBase;
    out.high[at * 32 + i] = static_cast<int8_t>(high);
    out.low[at * 32 + i] = static_cast<int8_t>(code - kCodeBase * high);
  }
  out.code_sums[at] = sum;
  out.sums[at] = out.scales[at] * static_cast<float>(sum);
}

}  // namespace nety::kernels
