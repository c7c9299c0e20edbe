// Attention of one token, plainly: scores, exponentials, weighted sum in position order.
#pragma once

#include <algorithm>
#include <cmath>

#include "core/kernels/kernels.h"

namespace nety::kernels {

template <class Element, class Widen>
void attend_scalar(const Attention& p, Widen widen) {
  const auto* keys = static_cast<const Element*>(p.keys);
  const auto* values = static_cast<const Element*>(p.values);
  for (int64_t g = 0; g < p.group; ++g) {
    const float* q = p.q + g * p.head_dim;
    float* scores = p.scores;
    float top = -INFINITY;
    for (int64_t i = 0; i < p.length; ++i) {
      float dot = 0;
      for (int64_t d = 0; d < p.head_dim; ++d) dot += q[d] * widen(keys[i * p.stride + d]);
      scores[i] = dot * p.scale;
      top = std::max(top, scores[i]);
    }
    float sum = 0;
    for (int64_t i = 0; i < p.length; ++i) sum += scores[i] = std::exp(scores[i] - top);
    float* a = p.a + g * p.head_dim;
    std::fill(a, a + p.head_dim, 0.0F);
    for (int64_t i = 0; i < p.length; ++i)
      for (int64_t d = 0; d < p.head_dim; ++d) a[d] += scores[i] * widen(values[i * p.stride + d]);
    p.tops[g] = top;
    p.sums[g] = sum;
  }
}

}  // namespace nety::kernels
