// Rows of frames, each there once and known by a number.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace nety::grammar {

/// A state with its rule's counter, and the node of the rules that wait for this one's end.
struct Frame {
  int32_t state = 0, count = 0, node = -1;
  auto operator<=>(const Frame&) const = default;
};

/// Numbers are given in order, from 0.
class FramePool {
 public:
  /// The number of `frames`, which must be in order and each there once.
  int32_t intern(std::span<const Frame> frames);
  std::span<const Frame> operator[](int32_t number) const {
    const auto at = static_cast<size_t>(number);
    return {frames_.data() + begins_[at], begins_[at + 1] - begins_[at]};
  }
  int32_t size() const { return static_cast<int32_t>(begins_.size()) - 1; }
  size_t bytes() const;

 private:
  size_t slot_of(std::span<const Frame> frames) const;
  void grow();

  std::vector<Frame> frames_;
  std::vector<uint32_t> begins_{0};
  std::vector<int32_t> slots_ = std::vector<int32_t>(64, -1);  // a power of two, linear probing
};

/// A set of frames in the order they came.
class FrameSet {
 public:
  bool insert(const Frame& frame);
  void clear();
  size_t size() const { return list_.size(); }
  const Frame& operator[](size_t at) const { return list_[at]; }

 private:
  void add_slot(const Frame& frame, int32_t at);
  std::vector<Frame> list_;
  std::vector<int32_t> slots_ = std::vector<int32_t>(32, -1);  // a power of two, linear probing
};

}  // namespace nety::grammar
