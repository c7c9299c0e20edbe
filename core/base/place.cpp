// Linux lets a thread choose the processors of its siblings, and tells their CPU time.
#include "core/base/place.h"

#include <pthread.h>
#include <sched.h>

#include "core/base/bell.h"

namespace nety {
namespace {

/// A thread's clock of CPU time has its id inside (Linux: include/linux/posix-timers_types.h).
pid_t thread_of(clockid_t clock) { return ~(clock >> 3); }

/// Between two looks at a thread's CPU time, in nanoseconds.
constexpr int64_t kBetweenLooks = 2000;

}  // namespace

void Place::note() {
  clockid_t clock = kUnknown;  // no system call asks for it, and a fork is noticed
  ::pthread_getcpuclockid(::pthread_self(), &clock);
  clock_.store(clock, std::memory_order_relaxed);
  processor_.store(::sched_getcpu(), std::memory_order_relaxed);
}

bool Place::is_running() const {
  const clockid_t clock = clock_.load(std::memory_order_relaxed);
  timespec before{}, after{};
  if (clock == kUnknown || ::clock_gettime(clock, &before) != 0) return true;
  const int64_t start = steady_nanoseconds();
  while (steady_nanoseconds() - start < kBetweenLooks) continue;
  if (::clock_gettime(clock, &after) != 0) return true;
  return before.tv_sec != after.tv_sec || before.tv_nsec != after.tv_nsec;
}

template <class Narrow>
bool Place::move(const Narrow& narrow) {
  const clockid_t clock = clock_.load(std::memory_order_relaxed);
  if (clock == kUnknown || moving_.exchange(true, std::memory_order_acquire)) return false;
  const pid_t thread = thread_of(clock);
  cpu_set_t allowed;
  bool moved = ::sched_getaffinity(thread, sizeof allowed, &allowed) == 0;
  cpu_set_t some = allowed;
  moved = moved && narrow(some) && CPU_COUNT(&some) > 0 &&
          ::sched_setaffinity(thread, sizeof some, &some) == 0;
  if (moved) ::sched_setaffinity(thread, sizeof allowed, &allowed);
  moving_.store(false, std::memory_order_release);
  return moved;
}

bool Place::move_to(int processor) {
  return move([processor](cpu_set_t& some) {
    if (processor < 0 || !CPU_ISSET(static_cast<size_t>(processor), &some)) return false;
    CPU_ZERO(&some);
    CPU_SET(static_cast<size_t>(processor), &some);
    return true;
  });
}

bool Place::move_away_from(int processor) {
  return move([processor](cpu_set_t& some) {
    if (processor < 0) return false;
    CPU_CLR(static_cast<size_t>(processor), &some);
    return true;
  });
}

bool Place::borrow(int processor) {
  home_.store(this->processor(), std::memory_order_relaxed);
  if (move_to(processor)) return true;
  home_.store(kNowhere, std::memory_order_relaxed);
  return false;
}

void Place::return_home() {
  if (home_.load(std::memory_order_relaxed) == kNowhere) return;
  const int home = home_.exchange(kNowhere, std::memory_order_relaxed);
  if (home != kNowhere) move_to(home);
}

}  // namespace nety
