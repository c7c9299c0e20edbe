// Parking until somebody rings, or for a time.
#pragma once

#include <atomic>
#include <cstdint>

namespace nety {

/// Nanoseconds of the steady clock.
int64_t steady_nanoseconds();

/// Ringing is free while nobody is parked. What is waited for must be stored before ring() and be
/// looked at by `ended`, both in sequentially consistent order.
class Bell {
 public:
  static constexpr int64_t kForever = -1;

  void ring() {
    if (parked_.load(std::memory_order_seq_cst) != 0) wake();
  }
  /// The same where `due` holds, which is asked only if somebody is parked.
  template <class Due>
  void ring_if(const Due& due) {
    if (parked_.load(std::memory_order_seq_cst) != 0 && due()) wake();
  }

  bool somebody_is_parked() const { return parked_.load(std::memory_order_relaxed) != 0; }

  /// Parks until ring(), or for `longest` nanoseconds. Returns how long ago the bell was rung, or
  /// kForever where it was not.
  template <class Ended>
  int64_t park(const Ended& ended, int64_t longest) {
    parked_.fetch_add(1, std::memory_order_seq_cst);
    const uint32_t before = rung_.load(std::memory_order_seq_cst);
    if (!ended()) wait(before, longest);
    parked_.fetch_sub(1, std::memory_order_relaxed);
    if (rung_.load(std::memory_order_acquire) == before) return kForever;
    return steady_nanoseconds() - rung_at_.load(std::memory_order_relaxed);
  }

 private:
  void wake();
  void wait(uint32_t before, int64_t longest);

  std::atomic<uint32_t> rung_{0};
  std::atomic<int32_t> parked_{0};
  std::atomic<int64_t> rung_at_{0};
};

}  // namespace nety
