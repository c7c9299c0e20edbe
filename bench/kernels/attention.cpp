// One token's attention over a cache.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <numeric>

#include "bench/kernels/operations.h"
#include "core/base/half.h"

namespace nety::bench {

Subject attention(const Cell& cell, int64_t length) {
  struct Data {
    std::vector<float> q, keys, values, scores, a, tops, sums;
    std::vector<uint16_t> half_keys, half_values;
  };
  constexpr int64_t kGroup = 4, kHeadDim = 64;  // tinyllama-1.1b has 8 heads to one, llama-3 has 4
  auto data = std::make_shared<Data>();
  data->q = activations(kGroup * kHeadDim);
  data->keys = activations(static_cast<size_t>(length * kHeadDim));
  data->values = data->keys;
  data->scores.resize(static_cast<size_t>(kGroup * length));
  data->a.resize(kGroup * kHeadDim);
  data->tops.resize(kGroup);
  data->sums.resize(kGroup);
  const bool half = cell.format == "bf16";
  if (half)
    for (float& value : data->keys) {
      data->half_keys.push_back(bf16_from_float(value));
      value = float_from_bf16(data->half_keys.back());
    }
  const auto kernel = function_of<kernels::AttentionKernel>(cell);
  Subject subject;
  subject.run = [=] {
    const void* cache = half ? static_cast<const void*>(data->half_keys.data())
                             : static_cast<const void*>(data->keys.data());
    kernel({data->q.data(), cache, cache, kHeadDim, length, kGroup, kHeadDim, 0.125F,
            data->scores.data(), data->a.data(), data->tops.data(), data->sums.data()});
  };
  subject.run();
  for (int64_t g = 0; g < kGroup; ++g) {
    std::vector<double> scores, want(kHeadDim);
    for (int64_t i = 0; i < length; ++i)
      scores.push_back(0.125 *
                       std::inner_product(&data->q[static_cast<size_t>(g * kHeadDim)],
                                          &data->q[static_cast<size_t>(g * kHeadDim)] + kHeadDim,
                                          &data->keys[static_cast<size_t>(i * kHeadDim)], 0.0));
    const double top = *std::max_element(scores.begin(), scores.end());
    double sum = 0;
    for (int64_t i = 0; i < length; ++i) {
      const double weight = std::exp(scores[static_cast<size_t>(i)] - top);
      sum += weight;
      for (size_t d = 0; d < want.size(); ++d)
        want[d] += weight * data->keys[static_cast<size_t>(i * kHeadDim) + d];
    }
    for (size_t d = 0; d < want.size(); ++d) {
      const auto at = static_cast<size_t>(g);
      const double got = data->a[at * kHeadDim + d] / data->sums[at];
      if (!(std::fabs(got - want[d] / sum) <= 1e-4))
        subject.wrong = fmt::format("head {}: {} for {}", g, got, want[d] / sum);
    }
  }
  subject.bytes = (half ? 4.0 : 8.0) * static_cast<double>(length * kHeadDim);
  subject.flops = 4.0 * static_cast<double>(kGroup * length * kHeadDim);
  return subject;
}

}  // namespace nety::bench
