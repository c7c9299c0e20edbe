// One token's attention over a cache, one KV block after another.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <numeric>

#include "bench/kernels/operations.h"
#include "core/base/half.h"

namespace nety::bench {
namespace {

using kernels::kKeyGroup;
using kernels::kKvBlock;

constexpr int64_t kGroup = 4, kHeadDim = 64;  // tinyllama-1.1b has 8 heads to one, llama-3 has 4

struct Cache {
  int64_t length, kv_blocks;
  bool half;
  std::vector<float> q, keys, blocks;  // keys are values as well
  std::vector<uint16_t> half_keys, half_blocks;
  std::vector<kernels::Visible> visible;     // of each kv_block
  std::vector<float> scores, a, tops, sums;  // what the kernel leaves for each kv_block

  Cache(int64_t positions, bool narrow);
  void attend(kernels::AttentionKernel kernel);
  /// Empty, or what differs from a softmax in double.
  std::string wrong() const;
};

Cache::Cache(int64_t positions, bool narrow)
    : length(positions),
      kv_blocks((positions + kKvBlock - 1) / kKvBlock),
      half(narrow),
      q(activations(kGroup * kHeadDim)),
      keys(activations(static_cast<size_t>(positions * kHeadDim))),
      blocks(static_cast<size_t>(kv_blocks * kKvBlock * kHeadDim)),
      scores(static_cast<size_t>(kGroup * kKvBlock)),
      a(static_cast<size_t>(kv_blocks * kGroup * kHeadDim)),
      tops(static_cast<size_t>(kv_blocks * kGroup)),
      sums(tops.size()) {
  for (int64_t s = 0; s < kv_blocks; ++s)
    visible.push_back({0, std::min(kKvBlock, length - s * kKvBlock)});
  if (half)
    for (float& value : keys) {
      half_keys.push_back(bf16_from_float(value));
      value = float_from_bf16(half_keys.back());
    }
  for (int64_t i = 0; i < length; ++i)
    for (int64_t d = 0; d < kHeadDim; ++d)
      blocks[static_cast<size_t>((i / kKeyGroup * kHeadDim + d) * kKeyGroup + i % kKeyGroup)] =
          keys[static_cast<size_t>(i * kHeadDim + d)];
  for (const float value : blocks) half_blocks.push_back(bf16_from_float(value));
}

void Cache::attend(kernels::AttentionKernel kernel) {
  for (int64_t s = 0; s < kv_blocks; ++s) {
    const int64_t at = s * kKvBlock * kHeadDim;
    const auto kv_block = [&](const std::vector<float>& wide, const std::vector<uint16_t>& narrow) {
      return half ? static_cast<const void*>(narrow.data() + at)
                  : static_cast<const void*>(wide.data() + at);
    };
    kernel({q.data(), kGroup * kHeadDim, kv_block(blocks, half_blocks), kv_block(keys, half_keys),
            &visible[static_cast<size_t>(s)], 1, kGroup, kHeadDim, 0.125F, scores.data(),
            a.data() + s * kGroup * kHeadDim, tops.data() + s * kGroup, sums.data() + s * kGroup});
  }
}

std::string Cache::wrong() const {
  std::string what;
  for (int64_t g = 0; g < kGroup; ++g) {
    const float* const head = q.data() + g * kHeadDim;
    std::vector<double> exact, want(kHeadDim);
    for (int64_t i = 0; i < length; ++i)
      exact.push_back(0.125 * std::inner_product(head, head + kHeadDim,
                                                 &keys[static_cast<size_t>(i * kHeadDim)], 0.0));
    const double top = *std::max_element(exact.begin(), exact.end());
    double sum = 0;
    for (int64_t i = 0; i < length; ++i) {
      const double weight = std::exp(exact[static_cast<size_t>(i)] - top);
      sum += weight;
      for (size_t d = 0; d < want.size(); ++d)
        want[d] += weight * keys[static_cast<size_t>(i * kHeadDim) + d];
    }
    for (size_t d = 0; d < want.size(); ++d) {
      double got = 0, weights = 0;
      for (int64_t s = 0; s < kv_blocks; ++s) {
        const auto row = static_cast<size_t>(s * kGroup + g);
        const double weight = std::exp(tops[row] - top);
        got += weight * a[row * kHeadDim + d];
        weights += weight * sums[row];
      }
      if (!(std::fabs(got / weights - want[d] / sum) <= 1e-4))
        what = fmt::format("head {}: {} for {}", g, got / weights, want[d] / sum);
    }
  }
  return what;
}

}  // namespace

Subject attention(const Cell& cell, int64_t length) {
  auto cache = std::make_shared<Cache>(length, cell.format == "bf16");
  const auto kernel = cell.kernel<Op::kAttention>();
  Subject subject;
  subject.run = [=] { cache->attend(kernel); };
  subject.run();
  subject.wrong = cache->wrong();
  subject.bytes = (cache->half ? 4.0 : 8.0) * static_cast<double>(length * kHeadDim);
  subject.flops = 4.0 * static_cast<double>(kGroup * length * kHeadDim);
  return subject;
}

}  // namespace nety::bench
