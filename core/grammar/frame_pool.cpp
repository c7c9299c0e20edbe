#include "core/grammar/frame_pool.h"

#include <algorithm>
#include <utility>

namespace nety::grammar {
namespace {

uint64_t mixed(uint64_t hash, const Frame& frame) {
  const auto take = [&](int32_t value) {
    hash = (hash ^ static_cast<uint32_t>(value)) * 0x9E3779B97F4A7C15ULL;
    hash ^= hash >> 29;
  };
  take(frame.state);
  take(frame.count);
  take(frame.node);
  return hash;
}

}  // namespace

size_t FramePool::slot_of(std::span<const Frame> frames) const {
  uint64_t hash = 0x243F6A8885A308D3ULL;
  for (const Frame& frame : frames) hash = mixed(hash, frame);
  size_t slot = hash & (slots_.size() - 1);
  while (slots_[slot] >= 0 && !std::ranges::equal((*this)[slots_[slot]], frames))
    slot = (slot + 1) & (slots_.size() - 1);
  return slot;
}

void FramePool::grow() {
  slots_.assign(slots_.size() * 2, -1);
  for (int32_t i = 0; i < size(); ++i) slots_[slot_of((*this)[i])] = i;
}

int32_t FramePool::intern(std::span<const Frame> frames) {
  size_t slot = slot_of(frames);
  if (slots_[slot] >= 0) return slots_[slot];
  if (static_cast<size_t>(size()) * 2 >= slots_.size()) {
    grow();
    slot = slot_of(frames);
  }
  slots_[slot] = size();
  frames_.insert(frames_.end(), frames.begin(), frames.end());
  begins_.push_back(static_cast<uint32_t>(frames_.size()));
  return slots_[slot];
}

size_t FramePool::bytes() const {
  return frames_.size() * sizeof(Frame) + begins_.size() * 4 + slots_.size() * 4;
}

void FrameSet::add_slot(const Frame& frame, int32_t at) {
  size_t slot = mixed(0, frame) & (slots_.size() - 1);
  while (slots_[slot] >= 0) slot = (slot + 1) & (slots_.size() - 1);
  slots_[slot] = at;
}

bool FrameSet::insert(const Frame& frame) {
  size_t slot = mixed(0, frame) & (slots_.size() - 1);
  for (; slots_[slot] >= 0; slot = (slot + 1) & (slots_.size() - 1))
    if (list_[static_cast<size_t>(slots_[slot])] == frame) return false;
  slots_[slot] = static_cast<int32_t>(list_.size());
  list_.push_back(frame);
  if (list_.size() * 2 >= slots_.size()) {
    slots_.assign(slots_.size() * 2, -1);
    for (size_t i = 0; i < list_.size(); ++i) add_slot(list_[i], static_cast<int32_t>(i));
  }
  return true;
}

void FrameSet::clear() {
  if (list_.empty()) return;
  list_.clear();
  constexpr size_t kFew = 1024;  // what a large set grew to is not cleared again and again
  if (slots_.size() > kFew)
    slots_ = std::vector<int32_t>(32, -1);
  else
    std::ranges::fill(slots_, -1);
}

}  // namespace nety::grammar
