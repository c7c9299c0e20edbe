// How long a thread that waits looks again before it parks, learned from its waits.
#pragma once

#include <array>
#include <cstdint>

namespace nety {

/// Spinning through a wait costs the wait. Parking costs what was spun before, and the time until a
/// parked thread runs again once it is woken. The limit is the one that would have cost least over
/// the last waits, so it follows the machine: waking is cheap beside busy programs and dear where
/// it rouses a processor. Of one thread.
class SpinLimit {
 public:
  /// Limits are powers of two of this, in nanoseconds.
  static constexpr int64_t kShortest = 1000;
  static constexpr int kLimits = 8;
  static constexpr int64_t kLongest = kShortest << (kLimits - 1);
  /// Waits between two choices of the limit; older ones count half at each.
  static constexpr int kWaits = 64;
  /// Until the first parking shows what it costs.
  static constexpr int64_t kParkingAtFirst = 30000;

  int64_t nanoseconds() const { return limit_; }
  /// A wait has taken so long in all.
  void ended(int64_t waited);
  /// A parked thread ran so long after it was woken.
  void woke(int64_t after);
  /// What parking costs, from what was seen.
  int64_t parking() const { return parking_; }

 private:
  void choose();

  std::array<int64_t, kLimits + 1> waits_{};  // by the least limit that covers them; the rest last
  int since_choice_ = 0;
  int64_t parking_ = kParkingAtFirst;
  int64_t limit_ = kLongest / 2;
};

}  // namespace nety
