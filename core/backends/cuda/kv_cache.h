// The KV cache on the device, and the check of a step's positions.
#pragma once

#include <vector>

#include "core/backends/cuda/device.h"

namespace nety::cuda {

/// [layers, 2, sequences, kv_heads, context, padded head_dim], allocated whole.
class CudaKvCache final : public model::KvCache {
 public:
  /// Error: kMemory with the numbers; kUsage for heads wider than kMostHeadDim.
  CudaKvCache(Device& device, const model::CacheShape& shape);

  uint64_t bytes() const override { return storage_.bytes(); }
  void truncate(int32_t sequence, int32_t position) override;

  /// The first `length` positions of a sequence to another. Error: kInternal if `from` has fewer.
  void copy(Device& device, int32_t from, int32_t to, int64_t length);

  const model::CacheShape& shape() const { return shape_; }
  CacheLayer layer(int64_t index) const;

  /// The length of the longest sequence after this batch. Errors: kInternal if positions do not
  /// continue what is cached, kUsage if they run past the context.
  int64_t check(const model::Batch& batch) const;
  /// Notes that the batch's tokens are in the cache now.
  void advance(const model::Batch& batch);

 private:
  model::CacheShape shape_;
  int64_t padded_dim_, element_bytes_;
  Buffer storage_;
  std::vector<int64_t> lengths_;  // [sequences]
};

}  // namespace nety::cuda
