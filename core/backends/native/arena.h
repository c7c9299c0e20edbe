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
    if (chunks_.empty() || used_ + whole > chunks_.back().size()) {
      chunks_.emplace_back(std::max(whole, kChunk));
      used_ = 0;
    }
    std::byte* at = chunks_.back().as<std::byte>() + used_;
    used_ += whole;
    return at;
  }

 private:
  static constexpr size_t kChunk = size_t{32} << 20;  // what is not touched costs nothing
  std::vector<AnonymousMemory> chunks_;
  size_t used_ = 0;
};

}  // namespace nety::native
