// The cache takes address space for the whole context at once; pages come as tokens do.
#include "core/backends/native/kv_cache.h"

#include <algorithm>
#include <cstring>

#include "core/base/half.h"

namespace nety::native {
namespace {

size_t bytes_of(const model::CacheShape& shape, size_t element_bytes) {
  return static_cast<size_t>(shape.layers * shape.sequences * shape.kv_heads * shape.context *
                             shape.head_dim) *
         element_bytes;
}

}  // namespace

KvCache::KvCache(const model::CacheShape& shape)
    : shape_(shape),
      element_bytes_(shape.type == model::KvType::kBf16 ? 2 : 4),
      keys_(bytes_of(shape, element_bytes_)),
      values_(bytes_of(shape, element_bytes_)) {}

size_t KvCache::offset(int64_t layer, int64_t sequence, int64_t head, int64_t position) const {
  const int64_t begin = position / kStretch * kStretch;
  const int64_t length = std::min(kStretch, shape_.context - begin);
  const int64_t before = shape_.layers * shape_.sequences * shape_.kv_heads * begin;
  const int64_t stream = (layer * shape_.sequences + sequence) * shape_.kv_heads + head;
  const int64_t index = before + stream * length + (position - begin);
  return static_cast<size_t>(index * shape_.head_dim) * element_bytes_;
}

void KvCache::write(int64_t layer, int64_t sequence, int64_t head, int64_t position,
                    const float* key, const float* value) {
  const size_t at = offset(layer, sequence, head, position);
  const size_t width = static_cast<size_t>(shape_.head_dim);
  if (shape_.type == model::KvType::kFp32) {
    std::memcpy(keys_.as<std::byte>() + at, key, width * sizeof(float));
    std::memcpy(values_.as<std::byte>() + at, value, width * sizeof(float));
    return;
  }
  auto* keys = reinterpret_cast<uint16_t*>(keys_.as<std::byte>() + at);
  auto* values = reinterpret_cast<uint16_t*>(values_.as<std::byte>() + at);
  for (size_t d = 0; d < width; ++d) {
    keys[d] = bf16_from_float(key[d]);
    values[d] = bf16_from_float(value[d]);
  }
}

const void* KvCache::keys(int64_t layer, int64_t sequence, int64_t head, int64_t position) const {
  return keys_.as<std::byte>() + offset(layer, sequence, head, position);
}

const void* KvCache::values(int64_t layer, int64_t sequence, int64_t head, int64_t position) const {
  return values_.as<std::byte>() + offset(layer, sequence, head, position);
}

}  // namespace nety::native
