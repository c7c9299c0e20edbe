// Attention row by row: scores, exponentials, weighted sum in position order.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "core/base/half.h"
#include "core/kernels/attention.h"

namespace nety::kernels {

namespace {

float wide(float value) { return value; }
float wide(uint16_t bits) { return float_from_bf16(bits); }

template <class Element>
struct PlainCache {
  const Element *keys, *values;
  int64_t head_dim;

  explicit PlainCache(const Attention& p)
      : keys(static_cast<const Element*>(p.keys)),
        values(static_cast<const Element*>(p.values)),
        head_dim(p.head_dim) {}
  float key(int64_t i, int64_t d) const {
    return wide(keys[i / kKeyGroup * kKeyGroup * head_dim + d * kKeyGroup + i % kKeyGroup]);
  }
  float value(int64_t i, int64_t d) const { return wide(values[i * head_dim + d]); }
};

struct Q8Cache {
  const std::byte *keys, *values;
  int64_t row_bytes;

  explicit Q8Cache(const Attention& p)
      : keys(static_cast<const std::byte*>(p.keys)),
        values(static_cast<const std::byte*>(p.values)),
        row_bytes(q8_0_row_bytes(p.head_dim)) {}
  static float number(const std::byte* scale, const std::byte* code) {
    uint16_t bits = 0;
    std::memcpy(&bits, scale, sizeof(bits));
    return static_cast<float>(static_cast<int8_t>(*code)) * float_from_fp16(bits);
  }
  float key(int64_t i, int64_t d) const {
    const std::byte* block = keys + i / kKeyGroup * kKeyGroup * row_bytes + q8_0_group_block(d);
    return number(block + 2 * (i % kKeyGroup),
                  block + (2 + d % kScaledDims) * kKeyGroup + i % kKeyGroup);
  }
  float value(int64_t i, int64_t d) const {
    const std::byte* block = values + i * row_bytes + q8_0_value_block(d);
    return number(block, block + 2 + d % kScaledDims);
  }
};

template <class Cache>
void attend(const Attention& p) {
  const Cache cache(p);
  for (int64_t row = 0; row < p.rows(); ++row) {
    const float* q = p.query(row);
    const Visible& visible = p.visible_to(row);
    float* scores = p.scores + row * kKvBlock;
    float top = -INFINITY;
    for (int64_t i = visible.begin; i < visible.end; ++i) {
      float dot = 0;
      for (int64_t d = 0; d < p.head_dim; ++d) dot += q[d] * cache.key(i, d);
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
      for (int64_t d = 0; d < p.head_dim; ++d) a[d] += scores[i] * cache.value(i, d);
    p.tops[row] = top;
    p.sums[row] = sum;
  }
}

}  // namespace

void attention_fp32_scalar(const Attention& p) { attend<PlainCache<float>>(p); }

void attention_bf16_scalar(const Attention& p) { attend<PlainCache<uint16_t>>(p); }

void attention_q8_0_scalar(const Attention& p) { attend<Q8Cache>(p); }

}  // namespace nety::kernels
