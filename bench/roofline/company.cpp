#include "bench/roofline/company.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <numeric>
#include <thread>

#include "core/base/error.h"

namespace nety::roofline {
namespace {

using Clock = std::chrono::steady_clock;

/// Some 20 us of dependent products.
double step(double value) {
  for (int i = 0; i < 10000; ++i) value = value * 0.999999 + 1e-9;
  return value;
}

void stay_on_last_processor() {
  cpu_set_t all, last;
  if (::sched_getaffinity(0, sizeof all, &all) != 0) return;
  CPU_ZERO(&last);
  for (size_t i = CPU_SETSIZE; i-- > 0 && CPU_COUNT(&last) == 0;)
    if (CPU_ISSET(i, &all)) CPU_SET(i, &last);
  ::sched_setaffinity(0, sizeof last, &last);
}

[[noreturn]] void stay_busy(const Busyness& what) {
  if (what.pinned) stay_on_last_processor();
  if (!what.command.empty()) {
    const std::string loop = "while :; do " + what.command + "; done >/dev/null 2>&1";
    ::execl("/bin/sh", "sh", "-c", loop.c_str(), nullptr);
    ::_exit(127);
  }
  volatile double value = 1;
  for (;;) value = step(value);
}

}  // namespace

BusyLoops::BusyLoops(int count, const Busyness& what) {
  const pid_t parent = ::getpid();
  for (int i = 0; i < count; ++i) {
    const pid_t process = ::fork();
    if (process < 0) throw Error(ErrorKind::kEnvironment, "no process for a busy loop", "");
    if (process == 0) {
      ::setpgid(0, 0);  // a command's children end with it
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != parent) ::_exit(0);
      stay_busy(what);
    }
    ::setpgid(process, process);  // whoever comes first
    processes_.push_back(process);
  }
}

BusyLoops::~BusyLoops() {
  for (const pid_t process : processes_) ::kill(-process, SIGKILL);
  for (const pid_t process : processes_) ::waitpid(process, nullptr, 0);
}

double unsynchronised_rate(int threads, double seconds) {
  std::vector<int64_t> steps(static_cast<size_t>(threads));
  std::atomic<bool> end{false};
  const Clock::time_point start = Clock::now();
  {
    std::vector<std::jthread> all;
    for (int64_t& count : steps)
      all.emplace_back([&count, &end] {
        volatile double value = 1;
        int64_t done = 0;
        for (; !end.load(std::memory_order_relaxed); ++done) value = step(value);
        count = done;
      });
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    end.store(true, std::memory_order_relaxed);
  }
  const std::chrono::duration<double> taken = Clock::now() - start;
  return static_cast<double>(std::accumulate(steps.begin(), steps.end(), int64_t{0})) /
         taken.count();
}

}  // namespace nety::roofline
