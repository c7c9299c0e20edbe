// Waiting spins, then parks on a futex (std::atomic::wait), so that an idle or oversubscribed pool
// costs nothing.
#include "core/base/thread_pool.h"

#include <algorithm>

namespace nety {
namespace {

inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

template <class T>
T wait_while_equal(const std::atomic<T>& value, T old, int spins) {
  for (int i = 0; i < spins; ++i) {
    if (const T now = value.load(std::memory_order_acquire); now != old) return now;
    relax();
  }
  value.wait(old, std::memory_order_acquire);
  return value.load(std::memory_order_acquire);
}

}  // namespace

ThreadPool::ThreadPool(int threads, int spins) {
  const int processors = static_cast<int>(std::thread::hardware_concurrency());
  spins_ = threads <= std::max(processors, 1) ? spins : 0;
  for (int worker = 1; worker < threads; ++worker)
    workers_.emplace_back([this, worker] { work(worker); });
}

ThreadPool::~ThreadPool() {
  stop_.store(true, std::memory_order_relaxed);
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  for (std::thread& thread : workers_) thread.join();
}

void ThreadPool::run(Task task, void* context) {
  if (workers_.empty()) return task(context, 0, 1);
  task_ = task;
  context_ = context;
  running_.store(static_cast<int>(workers_.size()), std::memory_order_relaxed);
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  task(context, 0, threads());
  for (int left = running_.load(std::memory_order_acquire); left != 0;)
    left = wait_while_equal(running_, left, spins_);
}

void ThreadPool::work(int worker) {
  uint32_t seen = 0;
  for (;;) {
    seen = wait_while_equal(generation_, seen, spins_);
    if (stop_.load(std::memory_order_relaxed)) return;
    task_(context_, worker, threads());
    if (running_.fetch_sub(1, std::memory_order_acq_rel) == 1) running_.notify_all();
  }
}

Share share_of(int64_t count, int worker, int workers, int64_t grain) {
  const int64_t pieces = (count + grain - 1) / grain;
  const auto cut = [&](int64_t index) { return std::min(count, pieces * index / workers * grain); };
  return {cut(worker), cut(worker + 1)};
}

}  // namespace nety
