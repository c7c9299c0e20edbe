// Where everything lives that a rendering makes, and what counts it. Nothing is freed before the
// end, so values are plain pointers, and the sum of what was made bounds the memory.
#pragma once

#include <algorithm>
#include <memory_resource>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "core/jinja/limits.h"

namespace nety::jinja {

class Heap {
 public:
  explicit Heap(const Limits& limits) : limits_(limits) {}

  /// Errors of all of these: Failure (kLimit).
  void step(size_t steps = 1) {
    steps_ += static_cast<int64_t>(steps);
    if (steps_ > limits_.steps) refuse_steps();
  }
  /// Counts memory that stands elsewhere.
  void take(size_t bytes) {
    if (bytes > static_cast<size_t>(limits_.bytes - bytes_)) refuse_bytes();
    bytes_ += static_cast<int64_t>(bytes);
  }
  template <class T, class... Arguments>
  T* make(Arguments&&... arguments) {
    static_assert(std::is_trivially_destructible_v<T>);
    return new (allocate(sizeof(T), alignof(T))) T{std::forward<Arguments>(arguments)...};
  }
  template <class T>
  std::span<T> copy(std::span<const T> items) {
    static_assert(std::is_trivially_copyable_v<T>);
    if (items.empty()) return {};
    T* place = static_cast<T*>(allocate(items.size_bytes(), alignof(T)));
    std::uninitialized_copy(items.begin(), items.end(), place);
    return {place, items.size()};
  }
  std::string_view copy(std::string_view text) {
    const std::span<char> place = copy(std::span<const char>(text));
    return {place.data(), place.size()};
  }

  /// One level deeper for as long as it lives.
  class Level {
   public:
    explicit Level(Heap& heap) : heap_(heap) {
      if (++heap.depth_ > heap.limits_.depth) {
        --heap.depth_;
        heap.refuse_depth();
      }
    }
    ~Level() { --heap_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Heap& heap_;
  };

 private:
  void* allocate(size_t bytes, size_t alignment) {
    take(bytes);
    return pool_.allocate(bytes, alignment);
  }
  [[noreturn]] void refuse_steps() const;
  [[noreturn]] void refuse_bytes() const;
  [[noreturn]] void refuse_depth() const;

  Limits limits_;
  int64_t steps_ = 0, bytes_ = 0, depth_ = 0;
  std::pmr::monotonic_buffer_resource pool_;
};

}  // namespace nety::jinja
