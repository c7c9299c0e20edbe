// Work of a thread pool that may fail.
#pragma once

#include <exception>
#include <mutex>

#include "core/base/thread_pool.h"

namespace nety {

/// pool.run() for a callable that may throw: one worker's failure comes out when all have ended.
template <class Callable>
void throwing_run(ThreadPool& pool, const Callable& callable) {
  std::exception_ptr failure;
  std::mutex mutex;
  pool.run([&](int worker, int workers) {
    try {
      callable(worker, workers);
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
    }
  });
  if (failure) std::rethrow_exception(failure);
}

}  // namespace nety
