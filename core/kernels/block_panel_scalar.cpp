// Integer products in blocks of 32, one after another.
#include "core/kernels/panels.h"

namespace nety::kernels {

void block_panel_q8_scalar(const BlockPanel& p) {
  const int64_t blocks = p.x.blocks;
  for (int64_t t = 0; t < p.tokens; ++t) {
    for (int64_t r = 0; r < p.w.rows; ++r) {
      float sum = 0;
      for (int64_t b = 0; b < blocks; ++b) {
        const int8_t* w = p.w.codes + (r * blocks + b) * 32;
        const int64_t at = (t * blocks + b) * 32;
        int32_t dot = 0;
        for (int i = 0; i < 32; ++i) dot += w[i] * (kCodeBase * p.x.high[at + i] + p.x.low[at + i]);
        sum += p.w.scales[r * blocks + b] * p.x.scales[t * blocks + b] * static_cast<float>(dot);
        if (p.w.mins != nullptr) sum += p.w.mins[r * blocks + b] * p.x.sums[t * blocks + b];
      }
      p.y[t * p.y_stride + r] = sum;
    }
  }
}

}  // namespace nety::kernels
