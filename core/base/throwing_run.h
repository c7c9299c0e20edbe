// Work of a thread pool that may fail.
#pragma once

#include <exception>
#include <mutex>

#include "core/base/thread_pool.h"

namespace nety {

/// Calls callable(part, parts) for all parts of some work, which may throw, in pieces: one part's
/// failure comes out when all have ended. There are a few parts for each thread.
template <class Callable>
void throwing_run(ThreadPool& pool, const Callable& callable) {
  constexpr int64_t kPartsPerThread = 4;
  const int parts = static_cast<int>(pool.pieces_of(kPartsPerThread * pool.threads()));
  std::exception_ptr failure;
  std::mutex mutex;
  pool.run_pieces(parts, [&](int64_t part, int /*worker*/) {
    try {
      callable(static_cast<int>(part), parts);
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
    }
  });
  if (failure) std::rethrow_exception(failure);
}

}  // namespace nety
