#include "core/backends/native/token_rows.h"

#include <cmath>

namespace nety::native {
namespace {

/// Summed in 16 interleaved lanes.
template <class Value>
float sum_of(int64_t count, const Value& value) {
  float lanes[16] = {};
  int64_t k = 0;
  for (; k + 16 <= count; k += 16)
    for (int i = 0; i < 16; ++i) lanes[i] += value(k + i);
  for (; k < count; ++k) lanes[k % 16] += value(k);
  float sum = 0;
  for (const float lane : lanes) sum += lane;
  return sum;
}

}  // namespace

void rms_norm(const float* x, const float* w, double eps, int64_t dim, float* y) {
  const float sum = sum_of(dim, [x](int64_t k) { return x[k] * x[k]; });
  const float scale = 1.0F / std::sqrt(sum / static_cast<float>(dim) + static_cast<float>(eps));
  for (int64_t k = 0; k < dim; ++k) y[k] = w[k] * (x[k] * scale);
}

void layer_norm(const float* x, const float* w, const float* b, double eps, int64_t dim, float* y) {
  const auto count = static_cast<float>(dim);
  const float mean = sum_of(dim, [x](int64_t k) { return x[k]; }) / count;
  const float squares = sum_of(dim, [x, mean](int64_t k) { return (x[k] - mean) * (x[k] - mean); });
  const float scale = 1.0F / std::sqrt(squares / count + static_cast<float>(eps));
  for (int64_t k = 0; k < dim; ++k) {
    const float value = w[k] * ((x[k] - mean) * scale);
    y[k] = b == nullptr ? value : value + b[k];
  }
}

void Rotations::rotate(float* head, int64_t t) const {
  const float* cosine = cosines.data() + t * half;
  const float* sine = sines.data() + t * half;
  const bool pairs = rope->interleaved;
  for (int64_t i = 0; i < half; ++i) {
    float& a = head[pairs ? 2 * i : i];
    float& b = head[pairs ? 2 * i + 1 : i + half];
    const float rotated = a * cosine[i] - b * sine[i];
    b = b * cosine[i] + a * sine[i];
    a = rotated;
  }
}

}  // namespace nety::native
