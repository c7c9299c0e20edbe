// The cache takes address space for the whole context at once; pages come as tokens do.
#include "core/backends/native/kv_cache.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/base/half.h"
#include "core/options/kv_bytes.h"

namespace nety::native {
namespace {

using kernels::kKeyGroup;
using kernels::kKvBlock;

int64_t whole(int64_t count, int64_t grain) { return (count + grain - 1) / grain * grain; }

size_t bytes_of(const model::CacheShape& shape, int64_t grain) {
  return static_cast<size_t>(shape.layers * shape.sequences * shape.kv_heads *
                             whole(shape.context, grain) *
                             options::kv_row_bytes(shape.type, shape.head_dim));
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

// Codes and scale of a block, as ggml rounds: the scale is rounded to fp16 after the codes are
// made.
struct ScaledBlock {
  uint16_t scale = 0;
  int8_t codes[kernels::kScaledDims] = {};

  ScaledBlock(const float* x, int64_t count) {
    float largest = 0;
    for (int64_t d = 0; d < count; ++d) largest = std::max(largest, std::fabs(x[d]));
    const float unit = std::min(largest / 127, 65504.0F);
    scale = fp16_from_float(unit);
    for (int64_t d = 0; d < count && unit > 0; ++d)
      codes[d] =
          static_cast<int8_t>(std::fmin(std::fmax(std::round(x[d] / unit), -127.0F), 127.0F));
  }
};

void store_scaled(const float* key, const float* value, int64_t head_dim, int64_t i,
                  std::byte* keys, std::byte* values) {
  const int64_t row = kernels::q8_0_row_bytes(head_dim), lane = i % kKeyGroup;
  keys += i / kKeyGroup * kKeyGroup * row;
  values += i * row;
  for (int64_t d = 0; d < head_dim; d += kernels::kScaledDims) {
    const int64_t count = std::min(kernels::kScaledDims, head_dim - d);
    const ScaledBlock k(key + d, count), v(value + d, count);
    std::byte* const group = keys + kernels::q8_0_group_block(d);
    std::memcpy(group + 2 * lane, &k.scale, 2);
    for (int64_t j = 0; j < count; ++j)
      group[(2 + j) * kKeyGroup + lane] = static_cast<std::byte>(k.codes[j]);
    std::byte* const block = values + kernels::q8_0_value_block(d);
    std::memcpy(block, &v.scale, 2);
    std::memcpy(block + 2, v.codes, static_cast<size_t>(count));
  }
}

}  // namespace

KvCache::KvCache(const model::CacheShape& shape)
    : shape_(shape),
      row_bytes_(options::kv_row_bytes(shape.type, shape.head_dim)),
      keys_(bytes_of(shape, kKeyGroup)),
      values_(bytes_of(shape, 1)) {}

size_t KvCache::before(int64_t layer, int64_t sequence, int64_t head, int64_t block,
                       int64_t grain) const {
  const int64_t begin = block * kKvBlock;
  const int64_t length = std::min(kKvBlock, whole(shape_.context - begin, grain));
  const int64_t streams = shape_.layers * shape_.sequences * shape_.kv_heads;
  const int64_t stream = (layer * shape_.sequences + sequence) * shape_.kv_heads + head;
  return static_cast<size_t>((streams * begin + stream * length) * row_bytes_);
}

void KvCache::write(int64_t layer, int64_t sequence, int64_t head, int64_t position,
                    const float* key, const float* value) {
  const int64_t block = position / kKvBlock, i = position % kKvBlock, dim = shape_.head_dim;
  std::byte* const keys = keys_.as<std::byte>() + before(layer, sequence, head, block, kKeyGroup);
  std::byte* const values = values_.as<std::byte>() + before(layer, sequence, head, block, 1);
  switch (shape_.type) {
    case model::KvType::kFp32:
      return store(key, value, dim, i, reinterpret_cast<float*>(keys),
                   reinterpret_cast<float*>(values), [](float v) { return v; });
    case model::KvType::kBf16:
      return store(key, value, dim, i, reinterpret_cast<uint16_t*>(keys),
                   reinterpret_cast<uint16_t*>(values), bf16_from_float);
    case model::KvType::kQ8_0:
      return store_scaled(key, value, dim, i, keys, values);
  }
}

void KvCache::copy(int64_t layer, int64_t from, int64_t to, int64_t length) {
  const auto copy_block = [&](AnonymousMemory& memory, int64_t head, int64_t block, int64_t grain) {
    const int64_t positions = whole(std::min(length - block * kKvBlock, kKvBlock), grain);
    std::byte* const base = memory.as<std::byte>();
    std::memcpy(base + before(layer, to, head, block, grain),
                base + before(layer, from, head, block, grain),
                static_cast<size_t>(positions * row_bytes_));
  };
  for (int64_t head = 0; head < shape_.kv_heads; ++head)
    for (int64_t block = 0; block * kKvBlock < length; ++block) {
      copy_block(keys_, head, block, kKeyGroup);
      copy_block(values_, head, block, 1);
    }
}

template <class Each>
void KvCache::each_piece(int64_t layer, int64_t sequence, int64_t head, int64_t length,
                         int64_t grain, Each&& each) const {
  for (int64_t block = 0; block * kKvBlock < length; ++block) {
    const int64_t positions = whole(std::min(length - block * kKvBlock, kKvBlock), grain);
    each(before(layer, sequence, head, block, grain), static_cast<size_t>(positions * row_bytes_));
  }
}

size_t KvCache::exported_bytes(int64_t length) const {
  return static_cast<size_t>(shape_.kv_heads * (whole(length, kKeyGroup) + length) * row_bytes_);
}

void KvCache::export_layer(int64_t layer, int64_t sequence, int64_t length, std::byte* to) const {
  const auto take = [&](const AnonymousMemory& memory, int64_t head, int64_t grain) {
    each_piece(layer, sequence, head, length, grain, [&](size_t at, size_t bytes) {
      std::memcpy(to, memory.as<std::byte>() + at, bytes);
      to += bytes;
    });
  };
  for (int64_t head = 0; head < shape_.kv_heads; ++head) {
    take(keys_, head, kKeyGroup);
    take(values_, head, 1);
  }
}

void KvCache::import_layer(int64_t layer, int64_t sequence, int64_t length, const std::byte* from) {
  const auto put = [&](AnonymousMemory& memory, int64_t head, int64_t grain) {
    each_piece(layer, sequence, head, length, grain, [&](size_t at, size_t bytes) {
      std::memcpy(memory.as<std::byte>() + at, from, bytes);
      from += bytes;
    });
  };
  for (int64_t head = 0; head < shape_.kv_heads; ++head) {
    put(keys_, head, kKeyGroup);
    put(values_, head, 1);
  }
}

const void* KvCache::keys(int64_t layer, int64_t sequence, int64_t head, int64_t block) const {
  return keys_.as<std::byte>() + before(layer, sequence, head, block, kKeyGroup);
}

const void* KvCache::values(int64_t layer, int64_t sequence, int64_t head, int64_t block) const {
  return values_.as<std::byte>() + before(layer, sequence, head, block, 1);
}

}  // namespace nety::native
