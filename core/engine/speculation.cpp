// Looks for the latest place where the last tokens stood before.
#include "core/engine/speculation.h"

#include <algorithm>

namespace nety::engine {
namespace {

constexpr size_t kMatch = 3;  // tokens that must have stood before in this order
constexpr int64_t kLongestPause = 16;

}  // namespace

std::span<const int32_t> Speculation::guess(std::span<const int32_t> history, int64_t most) {
  guess_.clear();
  if (rest_ > 0) {
    --rest_;
    return guess_;
  }
  if (most <= 0 || history.size() <= kMatch) return guess_;
  const auto tail = history.last(kMatch);
  for (size_t end = history.size() - 1; end >= kMatch; --end) {
    if (!std::ranges::equal(history.subspan(end - kMatch, kMatch), tail)) continue;
    const size_t count =
        std::min({static_cast<size_t>(most), static_cast<size_t>(length_), history.size() - end});
    guess_.assign(history.begin() + static_cast<ptrdiff_t>(end),
                  history.begin() + static_cast<ptrdiff_t>(end + count));
    break;
  }
  return guess_;
}

void Speculation::learn(int64_t right) {
  const auto count = static_cast<int64_t>(guess_.size());
  if (count == 0) return;
  guessed_ += count;
  right_ += right;
  if (right == count) {
    length_ = std::min(length_ * 2, kLongest);
    pause_ = 0;
  } else if (right == 0) {
    length_ = std::max<int64_t>(length_ / 2, 2);
    pause_ = std::min(2 * pause_ + 1, kLongestPause);
    rest_ = pause_;
  }
}

}  // namespace nety::engine
