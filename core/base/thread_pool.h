// A persistent thread pool for the kernels. Idle threads spin briefly, then park.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace nety {

/// `threads` workers, the caller being worker 0. run() is not reentrant and is called from one
/// thread at a time. Nothing is allocated per run.
class ThreadPool {
 public:
  using Task = void (*)(void* context, int worker, int workers);

  /// How often a waiting thread looks again before it parks: for about 50 us, far longer than the
  /// gap between two kernels of one step.
  static constexpr int kSpins = 2000;

  /// `threads` >= 1. Where there are more of them than processors, nobody spins.
  explicit ThreadPool(int threads, int spins = kSpins);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  /// Calls task(context, worker, workers) on every worker and returns when all have returned.
  void run(Task task, void* context);

  /// run() for a callable taking (worker, workers).
  template <class Callable>
  void run(Callable&& callable) {
    auto* pointer = &callable;
    run([](void* context, int worker,
           int workers) { (**static_cast<decltype(pointer)*>(context))(worker, workers); },
        &pointer);
  }

 private:
  void work(int worker);

  std::vector<std::thread> workers_;
  Task task_ = nullptr;
  void* context_ = nullptr;
  int spins_ = 0;
  alignas(64) std::atomic<uint32_t> generation_{0};
  alignas(64) std::atomic<int> running_{0};
  std::atomic<bool> stop_{false};
};

/// The share [begin, end) of `count` items for `worker` of `workers`, cut at multiples of `grain`.
struct Share {
  int64_t begin, end;
};
Share share_of(int64_t count, int worker, int workers, int64_t grain = 1);

/// Calls each(i) for `count` items shared among the workers; one item by the caller alone.
template <class Each>
void share_items(ThreadPool& pool, int64_t count, const Each& each) {
  if (count == 1) return each(int64_t{0});
  pool.run([&](int worker, int workers) {
    const Share share = share_of(count, worker, workers);
    for (int64_t i = share.begin; i < share.end; ++i) each(i);
  });
}

}  // namespace nety
