// The few arrays that cannot be used where they lie in a file: unaligned ones, and damaged scales
// put right. Made on first use, so that opening a checkpoint touches headers only.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "core/base/anonymous_memory.h"

namespace nety::checkpoint {

class OwnedArrays {
 public:
  /// The array called `key` [bytes], page-aligned; made by `fill` the first time. May be called
  /// from several threads. Error: kMemory.
  const std::byte* get(const std::string& key, size_t bytes,
                       const std::function<void(std::byte*)>& fill);

  /// Forgets the array, if there is one.
  void drop(const std::string& key);

 private:
  std::mutex mutex_;
  std::map<std::string, AnonymousMemory> arrays_;
};

}  // namespace nety::checkpoint
