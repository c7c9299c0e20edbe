// The cheapest of a few fixed limits is at most twice as dear as knowing each wait beforehand
// (Karlin et al., "Empirical studies of competitive spinning", 1991).
#include "core/base/spin_limit.h"

#include <algorithm>

namespace nety {
namespace {

/// A thread that was woken beside busy programs may stand in their queue. That is not what parking
/// costs: it would have had to stand there anyway.
constexpr int64_t kDearestParking = 200000;
/// Whoever wakes a thread pays for a system call.
constexpr int64_t kCheapestParking = 5000;

int64_t limit_at(int index) { return SpinLimit::kShortest << index; }

}  // namespace

void SpinLimit::ended(int64_t waited) {
  int index = 0;
  while (index < kLimits && waited > limit_at(index)) ++index;
  ++waits_[static_cast<size_t>(index)];
  crowded_ = std::max(crowded_ - 1, 0);
  if (++since_choice_ == kWaits) choose();
}

void SpinLimit::woke(int64_t after) {
  parking_ += (std::clamp(after, kCheapestParking, kDearestParking) - parking_) / 8;
}

void SpinLimit::choose() {
  since_choice_ = 0;
  int64_t longer = 0, spun = 0;  // waits that a limit does not cover; time spun in those it does
  for (const int64_t count : waits_) longer += count;
  int64_t least = INT64_MAX;
  for (int index = 0; index < kLimits; ++index) {
    const int64_t count = waits_[static_cast<size_t>(index)];
    longer -= count;
    spun += count * limit_at(index) * 3 / 4;
    const int64_t cost = spun + longer * (limit_at(index) + parking_);
    if (cost < least) {
      least = cost;
      limit_ = limit_at(index);
    }
  }
  for (int64_t& count : waits_) count /= 2;
}

}  // namespace nety
