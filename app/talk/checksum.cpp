#include "app/talk/checksum.h"

#include <algorithm>
#include <cstring>

namespace nety::talk {

uint64_t Checksum::step(uint64_t state, uint64_t word) {
  state = (state ^ word) * 0xff51afd7ed558ccdULL;
  return state ^ (state >> 33);
}

void Checksum::add(std::span<const std::byte> bytes) {
  uint64_t state = state_, word = 0;
  size_t held = length_ % 8;
  length_ += bytes.size();
  if (held > 0) {
    const size_t taken = std::min(8 - held, bytes.size());
    std::copy_n(bytes.begin(), taken, partial_.begin() + static_cast<ptrdiff_t>(held));
    bytes = bytes.subspan(taken);
    held += taken;
    if (held < 8) return;
    std::memcpy(&word, partial_.data(), 8);
    state = step(state, word);
  }
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    std::memcpy(&word, bytes.data(), 8);
    state = step(state, word);
  }
  std::ranges::copy(bytes, partial_.begin());
  state_ = state;
}

uint64_t Checksum::value() const {
  uint64_t word = 0;
  std::memcpy(&word, partial_.data(), length_ % 8);
  return step(step(state_, word), length_);
}

}  // namespace nety::talk
