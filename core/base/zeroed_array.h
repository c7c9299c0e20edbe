// Zeroed buffers whose pages become memory when they are first written: for buffers sized for the
// largest step, of which most steps use little.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>

namespace nety {

/// `count` zeros of a trivial type, from calloc(): a large array is fresh pages of the system,
/// which become memory one by one as they are written. Moves; does not copy. Throws std::bad_alloc.
template <class T>
class ZeroedArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  ZeroedArray() = default;
  explicit ZeroedArray(size_t count)
      : values_(static_cast<T*>(std::calloc(count == 0 ? 1 : count, sizeof(T)))), size_(count) {
    if (values_ == nullptr) throw std::bad_alloc();
  }

  T* data() const { return values_.get(); }
  size_t size() const { return size_; }
  T* begin() const { return data(); }
  T* end() const { return data() + size_; }
  T& operator[](size_t index) const { return values_.get()[index]; }

 private:
  struct Free {
    void operator()(T* values) const { std::free(values); }
  };
  std::unique_ptr<T, Free> values_;
  size_t size_ = 0;
};

}  // namespace nety
