// The cache takes address space for the whole context at once; pages come as tokens do.
#include "core/backends/native/kv_cache.h"

#include <algorithm>
#include <cstring>

#include "core/base/half.h"

namespace nety::native {
namespace {

using kernels::kKeyGroup;
using kernels::kKvBlock;

int64_t whole(int64_t count, int64_t grain) { return (count + grain - 1) / grain * grain; }

size_t bytes_of(const model::CacheShape& shape, int64_t grain, size_t element_bytes) {
  return static_cast<size_t>(shape.layers * shape.sequences * shape.kv_heads *
                             whole(shape.context, grain) * shape.head_dim) *
         element_bytes;
}

// A head's key and value at position `i` of its block.
template <class Element, class Narrow>
void store(const float* key, const float* value, int64_t head_dim, int64_t i, Element* keys,
           Element* values, Narrow narrow) {
  keys += i / kKeyGroup * kKeyGroup * head_dim + i % kKeyGroup;
  values += i * head_dim;
  for (int64_t d = 0; d < head_dim; ++d) {
    keys[d * kKeyGroup] = narrow(key[d]);
    values[d] = narrow(value[d]);
  }
}

}  // namespace

KvCache::KvCache(const model::CacheShape& shape)
    : shape_(shape),
      element_bytes_(shape.type == model::KvType::kBf16 ? 2 : 4),
      keys_(bytes_of(shape, kKeyGroup, element_bytes_)),
      values_(bytes_of(shape, 1, element_bytes_)) {}

int64_t KvCache::before(int64_t layer, int64_t sequence, int64_t head, int64_t block,
                        int64_t grain) const {
  const int64_t begin = block * kKvBlock;
  const int64_t length = std::min(kKvBlock, whole(shape_.context - begin, grain));
  const int64_t streams = shape_.layers * shape_.sequences * shape_.kv_heads;
  const int64_t stream = (layer * shape_.sequences + sequence) * shape_.kv_heads + head;
  return (streams * begin + stream * length) * shape_.head_dim;
}

void KvCache::write(int64_t layer, int64_t sequence, int64_t head, int64_t position,
                    const float* key, const float* value) {
  const int64_t block = position / kKvBlock, i = position % kKvBlock, dim = shape_.head_dim;
  const int64_t key_at = before(layer, sequence, head, block, kKeyGroup);
  const int64_t value_at = before(layer, sequence, head, block, 1);
  if (shape_.type == model::KvType::kFp32)
    store(key, value, dim, i, keys_.as<float>() + key_at, values_.as<float>() + value_at,
          [](float v) { return v; });
  else
    store(key, value, dim, i, keys_.as<uint16_t>() + key_at, values_.as<uint16_t>() + value_at,
          bf16_from_float);
}

void KvCache::copy(int64_t layer, int64_t from, int64_t to, int64_t length) {
  const auto copy = [&](AnonymousMemory& memory, int64_t head, int64_t block, int64_t grain) {
    const int64_t positions = whole(std::min(length - block * kKvBlock, kKvBlock), grain);
    std::byte* const base = memory.as<std::byte>();
    const auto at = [&](int64_t sequence) {
      return base +
             static_cast<size_t>(before(layer, sequence, head, block, grain)) * element_bytes_;
    };
    std::memcpy(at(to), at(from),
                static_cast<size_t>(positions * shape_.head_dim) * element_bytes_);
  };
  for (int64_t head = 0; head < shape_.kv_heads; ++head)
    for (int64_t block = 0; block * kKvBlock < length; ++block) {
      copy(keys_, head, block, kKeyGroup);
      copy(values_, head, block, 1);
    }
}

const void* KvCache::keys(int64_t layer, int64_t sequence, int64_t head, int64_t block) const {
  return keys_.as<std::byte>() +
         static_cast<size_t>(before(layer, sequence, head, block, kKeyGroup)) * element_bytes_;
}

const void* KvCache::values(int64_t layer, int64_t sequence, int64_t head, int64_t block) const {
  return values_.as<std::byte>() +
         static_cast<size_t>(before(layer, sequence, head, block, 1)) * element_bytes_;
}

}  // namespace nety::native
