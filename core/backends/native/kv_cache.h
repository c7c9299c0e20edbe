// Keys and values of the native backend: [stretch][layer][sequence][kv head][position][head_dim], a
// stretch being the positions that attention takes at a time. One head's stretch is one contiguous
// stream, and memory is touched as the sequences grow, however large the context.
#pragma once

#include "core/base/anonymous_memory.h"
#include "core/model/backend.h"

namespace nety::native {

/// Attention is cut at multiples of this many positions, so that one token's can be shared among
/// workers and still has the same bits with any number of them.
inline constexpr int64_t kStretch = 128;

class KvCache final : public model::KvCache {
 public:
  explicit KvCache(const model::CacheShape& shape);

  uint64_t bytes() const override { return keys_.size() + values_.size(); }
  void truncate(int32_t /*sequence*/, int32_t /*position*/) override {}  // later writes replace

  const model::CacheShape& shape() const { return shape_; }
  /// Stores one head's key and value [head_dim] at a position.
  void write(int64_t layer, int64_t sequence, int64_t head, int64_t position, const float* key,
             const float* value);
  /// One head's keys or values from `position` to the end of its stretch, in the cache's type.
  const void* keys(int64_t layer, int64_t sequence, int64_t head, int64_t position) const;
  const void* values(int64_t layer, int64_t sequence, int64_t head, int64_t position) const;

 private:
  size_t offset(int64_t layer, int64_t sequence, int64_t head, int64_t position) const;

  model::CacheShape shape_;
  size_t element_bytes_;
  AnonymousMemory keys_, values_;
};

}  // namespace nety::native
