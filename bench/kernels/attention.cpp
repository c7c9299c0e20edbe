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
  std::string_view format;
  std::vector<float> q, keys, blocks;  // keys are values as well
  std::vector<uint16_t> half_keys, half_blocks;
  std::vector<uint8_t> q8_keys, q8_blocks;
  std::vector<kernels::Visible> visible;     // of each kv_block
  std::vector<float> scores, a, tops, sums;  // what the kernel leaves for each kv_block

  Cache(int64_t positions, std::string_view type);
  void round_to_q8();
  void attend(kernels::AttentionKernel kernel);
  /// Empty, or what differs from a softmax in double.
  std::string wrong() const;
};

// Rounds keys to a 64th, so that one scale does for all of them.
void Cache::round_to_q8() {
  constexpr int64_t kRow = kernels::q8_0_row_bytes(kHeadDim);
  const uint16_t scale = fp16_from_float(1.0F / 64);
  q8_keys.resize(static_cast<size_t>(length * kRow));
  q8_blocks.resize(static_cast<size_t>(kv_blocks * kKvBlock * kRow));
  for (int64_t i = 0; i < length; ++i)
    for (int64_t d = 0; d < kHeadDim; ++d) {
      float& number = keys[static_cast<size_t>(i * kHeadDim + d)];
      const float code = std::round(std::clamp(number * 64, -127.0F, 127.0F));
      number = code / 64;
      uint8_t* const value = q8_keys.data() + i * kRow + kernels::q8_0_value_block(d);
      uint8_t* const key =
          q8_blocks.data() + i / kKeyGroup * kKeyGroup * kRow + kernels::q8_0_group_block(d);
      std::memcpy(value, &scale, 2);
      std::memcpy(key + 2 * (i % kKeyGroup), &scale, 2);
      const int64_t inside = d % kernels::kScaledDims;
      value[2 + inside] = key[(2 + inside) * kKeyGroup + i % kKeyGroup] =
          static_cast<uint8_t>(static_cast<int8_t>(code));
    }
}

Cache::Cache(int64_t positions, std::string_view type)
    : length(positions),
      kv_blocks((positions + kKvBlock - 1) / kKvBlock),
      format(type),
      q(activations(kGroup * kHeadDim)),
      keys(activations(static_cast<size_t>(positions * kHeadDim))),
      blocks(static_cast<size_t>(kv_blocks * kKvBlock * kHeadDim)),
      scores(static_cast<size_t>(kGroup * kKvBlock)),
      a(static_cast<size_t>(kv_blocks * kGroup * kHeadDim)),
      tops(static_cast<size_t>(kv_blocks * kGroup)),
      sums(tops.size()) {
  for (int64_t s = 0; s < kv_blocks; ++s)
    visible.push_back({0, std::min(kKvBlock, length - s * kKvBlock)});
  if (format == "q8_0") round_to_q8();
  if (format == "bf16")
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
    const auto kv_block = [&](const std::vector<float>& wide, const std::vector<uint16_t>& narrow,
                              const std::vector<uint8_t>& q8) -> const void* {
      if (format == "q8_0") return q8.data() + s * kKvBlock * kernels::q8_0_row_bytes(kHeadDim);
      if (format == "bf16") return narrow.data() + at;
      return wide.data() + at;
    };
    kernel({q.data(), kGroup * kHeadDim, kv_block(blocks, half_blocks, q8_blocks),
            kv_block(keys, half_keys, q8_keys), &visible[static_cast<size_t>(s)], 1, kGroup,
            kHeadDim, 0.125F, scores.data(), a.data() + s * kGroup * kHeadDim,
            tops.data() + s * kGroup, sums.data() + s * kGroup});
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
  auto cache = std::make_shared<Cache>(length, cell.format);
  const auto kernel = cell.kernel<Op::kAttention>();
  Subject subject;
  subject.run = [=] { cache->attend(kernel); };
  subject.run();
  subject.wrong = cache->wrong();
  const int64_t row_bytes = cell.format == "q8_0"   ? kernels::q8_0_row_bytes(kHeadDim)
                            : cell.format == "bf16" ? 2 * kHeadDim
                                                    : 4 * kHeadDim;
  subject.bytes = 2.0 * static_cast<double>(length * row_bytes);
  subject.flops = 4.0 * static_cast<double>(kGroup * length * kHeadDim);
  return subject;
}

}  // namespace nety::bench
