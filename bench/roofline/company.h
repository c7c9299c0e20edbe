// Other programs beside the one that is measured, and what they leave to whoever does not wait.
#pragma once

#include <sys/types.h>

#include <vector>

namespace nety::roofline {

/// Processes that do arithmetic and nothing else, until the object ends. Pinned ones stay on one
/// processor, the last: what is measured has that one at half speed beside one of them.
class BusyLoops {
 public:
  explicit BusyLoops(int count, bool pinned = false);
  ~BusyLoops();
  BusyLoops(const BusyLoops&) = delete;
  BusyLoops& operator=(const BusyLoops&) = delete;

 private:
  std::vector<pid_t> processes_;
};

/// What `threads` threads do together in `seconds`, in steps per second, where each does arithmetic
/// in registers and none waits for another: beside other programs, the fair share.
double unsynchronised_rate(int threads, double seconds);

}  // namespace nety::roofline
