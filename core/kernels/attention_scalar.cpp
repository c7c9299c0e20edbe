// Attention row by row: scores, exponentials, weighted sum in position order.
#include <algorithm>
#include <cmath>

#include "core/base/half.h"
#include "core/kernels/attention.h"

namespace nety::kernels {

template <class Element, class Widen>
void attend_scalar(const Attention& p, Widen widen) {
  const auto* keys = static_cast<const Element*>(p.keys);
  const auto* values = static_cast<const Element*>(p.values);
  for (int64_t row = 0; row < p.rows(); ++row) {
    const float* q = p.query(row);
    const Visible& visible = p.visible_to(row);
    float* scores = p.scores + row * kKvBlock;
    float top = -INFINITY;
    for (int64_t i = visible.begin; i < visible.end; ++i) {
      const Element* key = keys + i / kKeyGroup * kKeyGroup * p.head_dim + i % kKeyGroup;
      float dot = 0;
      for (int64_t d = 0; d < p.head_dim; ++d) dot += q[d] * widen(key[d * kKeyGroup]);
      scores[i] = dot * p.scale;
    }
    p.cap_scores(row);
    for (int64_t i = visible.begin; i < visible.end; ++i) top = std::max(top, scores[i]);
    float sum = 0;
    for (int64_t i = visible.begin; i < visible.end; ++i)
      sum += scores[i] = std::exp(scores[i] - top);
    float* a = p.a + row * p.head_dim;
    std::fill_n(a, p.head_dim, 0.0F);
    for (int64_t i = visible.begin; i < visible.end; ++i)
      for (int64_t d = 0; d < p.head_dim; ++d)
        a[d] += scores[i] * widen(values[i * p.head_dim + d]);
    p.tops[row] = top;
    p.sums[row] = sum;
  }
}

void attention_fp32_scalar(const Attention& p) {
  attend_scalar<float>(p, [](float value) { return value; });
}

void attention_bf16_scalar(const Attention& p) {
  attend_scalar<uint16_t>(p, [](uint16_t bits) { return float_from_bf16(bits); });
}

}  // namespace nety::kernels
