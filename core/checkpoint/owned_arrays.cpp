// One lock for all: arrays are made while loading, one after the other.
#include "core/checkpoint/owned_arrays.h"

#include <algorithm>

namespace nety::checkpoint {

const std::byte* OwnedArrays::get(const std::string& key, size_t bytes,
                                  const std::function<void(std::byte*)>& fill) {
  const std::lock_guard lock(mutex_);
  const auto found = arrays_.find(key);
  if (found != arrays_.end()) return found->second.as<std::byte>();
  AnonymousMemory memory(std::max<size_t>(bytes, 1));
  fill(memory.as<std::byte>());
  return arrays_.emplace(key, std::move(memory)).first->second.as<std::byte>();
}

void OwnedArrays::drop(const std::string& key) {
  const std::lock_guard lock(mutex_);
  arrays_.erase(key);
}

}  // namespace nety::checkpoint
