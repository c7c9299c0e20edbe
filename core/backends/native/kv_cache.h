// Keys and values of the native backend: [KV block][layer][sequence][kv head], each as
// kernels/attention.h takes it. One head's block is one contiguous stream, and memory is touched as
// the sequences grow, however large the context.
#pragma once

#include "core/base/anonymous_memory.h"
#include "core/kernels/kernels.h"
#include "core/model/backend.h"

namespace nety::native {

class KvCache final : public model::KvCache {
 public:
  explicit KvCache(const model::CacheShape& shape);

  /// Of the context's positions; a last block of keys that they do not fill takes a little more.
  uint64_t bytes() const override { return 2 * values_.size(); }
  void truncate(int32_t /*sequence*/, int32_t /*position*/) override {}  // later writes replace

  const model::CacheShape& shape() const { return shape_; }
  /// Stores one head's key and value [head_dim] at a position.
  void write(int64_t layer, int64_t sequence, int64_t head, int64_t position, const float* key,
             const float* value);
  /// Copies a layer's first `length` positions from one sequence to another.
  void copy(int64_t layer, int64_t from, int64_t to, int64_t length);
  /// A layer's first `length` positions of a sequence, head by head: its keys in whole groups, then
  /// its values, as they lie in the cache. Bytes of that, and to and from a file.
  size_t exported_bytes(int64_t length) const;
  void export_layer(int64_t layer, int64_t sequence, int64_t length, std::byte* to) const;
  void import_layer(int64_t layer, int64_t sequence, int64_t length, const std::byte* from);
  /// One head's keys and values of a KV block, in the cache's type.
  const void* keys(int64_t layer, int64_t sequence, int64_t head, int64_t block) const;
  const void* values(int64_t layer, int64_t sequence, int64_t head, int64_t block) const;

 private:
  /// Calls each(offset, bytes) for the pieces of keys, or of values, that hold a head's positions.
  template <class Each>
  void each_piece(int64_t layer, int64_t sequence, int64_t head, int64_t length, int64_t grain,
                  Each&& each) const;
  /// Bytes before a head's KV block, where blocks hold whole multiples of `grain` positions.
  size_t before(int64_t layer, int64_t sequence, int64_t head, int64_t block, int64_t grain) const;

  model::CacheShape shape_;
  int64_t row_bytes_;  // of a key, or a value
  AnonymousMemory keys_, values_;
};

}  // namespace nety::native
