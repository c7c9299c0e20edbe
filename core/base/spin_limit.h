// How long a thread that waits looks again before it parks, learned from its waits.
#pragma once

#include <array>
#include <cstdint>

namespace nety {

/// Spinning through a wait costs the wait, but only where somebody else would have used the
/// processor: as long as no thread has lost its processor lately, the limit is the longest one.
/// Parking costs what was spun before, and the time until a parked thread runs again once it is
/// woken. Among other programs the limit is the one that would have cost least over the last waits.
/// Of one thread.
class SpinLimit {
 public:
  /// Limits are powers of two of this, in nanoseconds.
  static constexpr int64_t kShortest = 8000;
  static constexpr int kLimits = 5;
  static constexpr int64_t kLongest = kShortest << (kLimits - 1);
  /// Waits between two choices of the limit; older ones count half at each.
  static constexpr int kWaits = 64;
  /// Waits until a lost processor is forgotten: some 30 ms of decode.
  static constexpr int kMemory = 2048;
  /// Until the first parking shows what it costs.
  static constexpr int64_t kParkingAtFirst = 30000;

  int64_t nanoseconds() const { return crowded_ > 0 ? limit_ : kLongest; }
  /// A thread, this one or another, was seen without a processor.
  void crowded() { crowded_ = kMemory; }
  /// What was waited for came after so long; without the time in which this thread did not run.
  void ended(int64_t waited);
  /// A parked thread ran so long after it was woken.
  void woke(int64_t after);
  /// What parking costs, from what was seen.
  int64_t parking() const { return parking_; }

 private:
  void choose();

  std::array<int64_t, kLimits + 1> waits_{};  // by the least limit that covers them; the rest last
  int since_choice_ = 0, crowded_ = 0;
  int64_t parking_ = kParkingAtFirst;
  int64_t limit_ = kLongest;
};

}  // namespace nety
