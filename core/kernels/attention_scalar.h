// Attention row by row, plainly: scores, exponentials, weighted sum in position order.
#pragma once

#include <algorithm>
#include <cmath>

#include "core/kernels/kernels.h"

namespace nety::kernels {

template <class Element, class Widen>
void attend_scalar(const Attention& p, Widen widen) {
  const auto* keys = static_cast<const Element*>(p.keys);
  const auto* values = static_cast<const Element*>(p.values);
  for (int64_t row = 0; row < p.rows(); ++row) {
    const float* q = p.query(row);
    const Seen& seen = p.seen_by(row);
    float* scores = p.scores + row * kAttentionStretch;
    float top = -INFINITY;
    for (int64_t i = seen.begin; i < seen.end; ++i) {
      const Element* key = keys + i / kKeyBlock * kKeyBlock * p.head_dim + i % kKeyBlock;
      float dot = 0;
      for (int64_t d = 0; d < p.head_dim; ++d) dot += q[d] * widen(key[d * kKeyBlock]);
      scores[i] = dot * p.scale;
      top = std::max(top, scores[i]);
    }
    float sum = 0;
    for (int64_t i = seen.begin; i < seen.end; ++i) sum += scores[i] = std::exp(scores[i] - top);
    float* a = p.a + row * p.head_dim;
    std::fill_n(a, p.head_dim, 0.0F);
    for (int64_t i = seen.begin; i < seen.end; ++i)
      for (int64_t d = 0; d < p.head_dim; ++d)
        a[d] += scores[i] * widen(values[i * p.head_dim + d]);
    p.tops[row] = top;
    p.sums[row] = sum;
  }
}

}  // namespace nety::kernels
