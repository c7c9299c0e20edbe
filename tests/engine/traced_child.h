// Counts the system calls of a piece of work, in every thread, by tracing a child that does it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace nety::engine {

/// System calls between two marks: how many of each number (SYS_futex ...).
using SystemCalls = std::map<uint64_t, int>;

/// In the traced child: ends one interval and begins the next.
void mark();

struct Traced {
  std::vector<SystemCalls> intervals;  ///< Between each mark and the next.
  std::string problem;  ///< Why there are none: the system forbids tracing, or the child failed.
  bool forbidden = false;
};

/// Runs `work` in a child. Threads must be made in it, not before.
Traced trace(const std::function<void()>& work);

}  // namespace nety::engine
