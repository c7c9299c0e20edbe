// Memory for packed weights: taken piece by piece from large mappings, so that they lie in huge
// pages however small each weight is. Everything is given back together.
#pragma once

#include <algorithm>
#include <vector>

#include "core/base/anonymous_memory.h"

namespace nety::native {

class Arena {
 public:
  /// `size` bytes, aligned to 64. Error: kMemory if the system refuses.
  std::byte* take(size_t size) {
    const size_t whole = (size + 63) / 64 * 64;
    // Small pieces go where larger ones found no room: the end of a chunk is half a huge page.
    auto chunk = std::ranges::find_if(chunks_, [&](const Chunk& c) { return c.left() >= whole; });
    if (chunk == chunks_.end())
      chunk = chunks_.insert(chunk, {AnonymousMemory(std::max(whole, kChunk)), 0});
    std::byte* at = chunk->memory.as<std::byte>() + chunk->used;
    chunk->used += whole;
    return at;
  }

 private:
  static constexpr size_t kChunk = size_t{32} << 20;  // what is not touched costs nothing
  struct Chunk {
    AnonymousMemory memory;
    size_t used;
    size_t left() const { return memory.size() - used; }
  };
  std::vector<Chunk> chunks_;
};

}  // namespace nety::native
