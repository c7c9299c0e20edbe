// One token's attention over a cache, stretch by stretch.
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
    std::vector<float> q, keys, blocks, scores, a, tops, sums;  // keys are values as well
    std::vector<uint16_t> half_keys, half_blocks;
    std::vector<kernels::Seen> seen;  // of each stretch
  };
  constexpr int64_t kGroup = 4, kHeadDim = 64;  // tinyllama-1.1b has 8 heads to one, llama-3 has 4
  auto data = std::make_shared<Data>();
  data->q = activations(kGroup * kHeadDim);
  data->keys = activations(static_cast<size_t>(length * kHeadDim));
  const int64_t stretches = (length + kernels::kAttentionStretch - 1) / kernels::kAttentionStretch;
  for (int64_t s = 0; s < stretches; ++s)
    data->seen.push_back(
        {0, std::min(kernels::kAttentionStretch, length - s * kernels::kAttentionStretch)});
  data->blocks.resize(static_cast<size_t>(stretches * kernels::kAttentionStretch * kHeadDim));
  data->scores.resize(static_cast<size_t>(kGroup * kernels::kAttentionStretch));
  data->a.resize(static_cast<size_t>(stretches * kGroup * kHeadDim));
  data->tops.resize(static_cast<size_t>(stretches * kGroup));
  data->sums.resize(data->tops.size());
  const bool half = cell.format == "bf16";
  if (half)
    for (float& value : data->keys) {
      data->half_keys.push_back(bf16_from_float(value));
      value = float_from_bf16(data->half_keys.back());
    }
  for (int64_t i = 0; i < length; ++i)
    for (int64_t d = 0; d < kHeadDim; ++d)
      data->blocks[static_cast<size_t>(
          (i / kernels::kKeyBlock * kHeadDim + d) * kernels::kKeyBlock + i % kernels::kKeyBlock)] =
          data->keys[static_cast<size_t>(i * kHeadDim + d)];
  for (const float value : data->blocks) data->half_blocks.push_back(bf16_from_float(value));
  const auto kernel = function_of<kernels::AttentionKernel>(cell);
  Subject subject;
  subject.run = [=] {
    for (int64_t s = 0; s < stretches; ++s) {
      const int64_t at = s * kernels::kAttentionStretch * kHeadDim;
      const auto stretch = [&](const std::vector<float>& wide,
                               const std::vector<uint16_t>& narrow) {
        return half ? static_cast<const void*>(narrow.data() + at)
                    : static_cast<const void*>(wide.data() + at);
      };
      kernel({data->q.data(), kGroup * kHeadDim, stretch(data->blocks, data->half_blocks),
              stretch(data->keys, data->half_keys), &data->seen[static_cast<size_t>(s)], 1, kGroup,
              kHeadDim, 0.125F, data->scores.data(), data->a.data() + s * kGroup * kHeadDim,
              data->tops.data() + s * kGroup, data->sums.data() + s * kGroup});
    }
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
      double got = 0, weights = 0;
      for (int64_t s = 0; s < stretches; ++s) {
        const auto row = static_cast<size_t>(s * kGroup + g);
        const double weight = std::exp(data->tops[row] - top);
        got += weight * data->a[row * kHeadDim + d];
        weights += weight * data->sums[row];
      }
      if (!(std::fabs(got / weights - want[d] / sum) <= 1e-4))
        subject.wrong = fmt::format("head {}: {} for {}", g, got / weights, want[d] / sum);
    }
  }
  subject.bytes = (half ? 4.0 : 8.0) * static_cast<double>(length * kHeadDim);
  subject.flops = 4.0 * static_cast<double>(kGroup * length * kHeadDim);
  return subject;
}

}  // namespace nety::bench
