// A futex by itself: std::atomic's wait has no time limit.
#include "core/base/bell.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <climits>
#include <ctime>

namespace nety {

static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t));

int64_t steady_nanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void Bell::wake() {
  rung_at_.store(steady_nanoseconds(), std::memory_order_relaxed);
  rung_.fetch_add(1, std::memory_order_seq_cst);
  ::syscall(SYS_futex, &rung_, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

void Bell::wait(uint32_t before, int64_t longest) {
  constexpr int64_t kSecond = 1000000000;
  const timespec limit{static_cast<time_t>(longest / kSecond), longest % kSecond};
  ::syscall(SYS_futex, &rung_, FUTEX_WAIT_PRIVATE, before, longest == kForever ? nullptr : &limit,
            nullptr, 0);
}

}  // namespace nety
