// Other programs beside the one that is measured, and what they leave to whoever does not wait.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace nety::roofline {

/// What a busy program does.
struct Busyness {
  std::string command;  ///< Run by the shell again and again; empty: arithmetic and nothing else.
  bool pinned = false;  ///< All on one processor, the last: beside one, it is half as fast.
};

/// So many busy programs, until the object ends.
class BusyLoops {
 public:
  BusyLoops(int count, const Busyness& what);
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
