// The cache's layout and the rules of its positions.
#include "core/backends/cuda/kv_cache.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/base/error.h"

namespace nety::cuda {

CudaKvCache::CudaKvCache(Device& device, const model::CacheShape& shape)
    : shape_(shape),
      padded_dim_((shape.head_dim + 7) / 8 * 8),
      element_bytes_(shape.type == model::KvType::kBf16 ? 2 : 4),
      lengths_(static_cast<size_t>(shape.sequences), 0) {
  if (shape.head_dim > kMostHeadDim)
    throw Error(ErrorKind::kUsage,
                fmt::format("the cuda backend has no attention for heads of width {}; {} is the "
                            "most",
                            shape.head_dim, kMostHeadDim),
                "Use --backend native.");
  // In floating point first: an absurd context must not wrap around.
  const double wanted = 2.0 * static_cast<double>(shape.layers) *
                        static_cast<double>(shape.sequences) * static_cast<double>(shape.kv_heads) *
                        static_cast<double>(shape.context) *
                        static_cast<double>(padded_dim_ * element_bytes_);
  const uint64_t bytes = wanted < 0x1p62 ? static_cast<uint64_t>(wanted) : uint64_t{1} << 62;
  storage_ = device.allocate(
      bytes, fmt::format("the cache of {} tokens of context", shape.context * shape.sequences));
}

void CudaKvCache::truncate(int32_t sequence, int32_t position) {
  if (sequence < 0 || sequence >= shape_.sequences) return;
  int64_t& length = lengths_[static_cast<size_t>(sequence)];
  length = std::clamp<int64_t>(position, 0, length);
}

void CudaKvCache::copy(Device& device, int32_t from, int32_t to, int64_t length) {
  for (const int32_t sequence : {from, to})
    if (sequence < 0 || sequence >= shape_.sequences)
      throw Error(ErrorKind::kInternal,
                  fmt::format("sequence {} of a cache of {}", sequence, shape_.sequences));
  if (length > lengths_[static_cast<size_t>(from)])
    throw Error(ErrorKind::kInternal, fmt::format("a copy of {} of {} cached tokens", length,
                                                  lengths_[static_cast<size_t>(from)]));
  const int64_t row = padded_dim_ * element_bytes_;
  const int64_t head = shape_.context * row, sequence = shape_.kv_heads * head;
  // A head's positions lie together; the heads of a layer's keys, or values, are `head` apart.
  for (int64_t list = 0; length > 0 && list < 2 * shape_.layers; ++list) {
    std::byte* const base = storage_.as<std::byte>() + list * shape_.sequences * sequence;
    device.copy(base + to * sequence, base + from * sequence, static_cast<size_t>(head),
                static_cast<size_t>(length * row), static_cast<size_t>(shape_.kv_heads));
  }
  lengths_[static_cast<size_t>(to)] = length;
}

CacheLayer CudaKvCache::layer(int64_t index) const {
  CacheLayer layer{};
  layer.head_stride = shape_.context * padded_dim_;
  layer.sequence_stride = shape_.kv_heads * layer.head_stride;
  layer.padded_dim = static_cast<int32_t>(padded_dim_);
  layer.bf16 = shape_.type == model::KvType::kBf16;
  const int64_t list_bytes = shape_.sequences * layer.sequence_stride * element_bytes_;
  layer.keys = storage_.as<std::byte>() + 2 * index * list_bytes;
  layer.values = storage_.as<std::byte>() + (2 * index + 1) * list_bytes;
  return layer;
}

int64_t CudaKvCache::check(const model::Batch& batch) const {
  std::vector<int64_t> lengths = lengths_;
  int64_t longest = 0;
  for (size_t row = 0; row < batch.tokens.size(); ++row) {
    const int32_t sequence = batch.sequences[row], position = batch.positions[row];
    if (sequence < 0 || sequence >= shape_.sequences)
      throw Error(ErrorKind::kInternal,
                  fmt::format("sequence {} of a cache of {}", sequence, shape_.sequences));
    int64_t& length = lengths[static_cast<size_t>(sequence)];
    if (position != length)
      throw Error(ErrorKind::kInternal,
                  fmt::format("position {} of sequence {} does not follow {} cached tokens",
                              position, sequence, length));
    if (position >= shape_.context)
      throw Error(ErrorKind::kUsage,
                  fmt::format("the text is longer than the context of {} tokens", shape_.context),
                  "Give a larger --ctx or a shorter text.");
    longest = std::max(longest, ++length);
  }
  return longest;
}

void CudaKvCache::advance(const model::Batch& batch) {
  for (size_t row = 0; row < batch.tokens.size(); ++row)
    lengths_[static_cast<size_t>(batch.sequences[row])] = int64_t{batch.positions[row]} + 1;
}

}  // namespace nety::cuda
