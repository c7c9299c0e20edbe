// A persistent thread pool for the kernels: work is claimed in pieces, so that a thread that gets
// no processor costs what it has claimed and no more.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "core/base/bell.h"
#include "core/base/claims.h"

namespace nety {

/// How the threads of a pool wait.
enum class Waiting {
  kAdapts,  ///< Spins as long as that is cheaper than parking here (spin_limit.h).
  kSpins,   ///< Never parks, and makes no system call.
  kParks,   ///< Parks at once.
};

/// `threads` workers, the caller being worker 0. Runs are not reentrant and are started from one
/// thread at a time. Nothing is allocated per run.
class ThreadPool {
 public:
  using Task = void (*)(void* context, int worker, int workers);
  using PieceTask = void (*)(void* context, int64_t piece, int worker);

  /// `threads` >= 1. Where there are more of them than processors, they park at once.
  explicit ThreadPool(int threads, Waiting waiting = Waiting::kAdapts);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return threads_; }

  /// Calls task(context, worker, workers) on every worker and returns when all have returned.
  void run(Task task, void* context);

  /// Calls task(context, piece, worker) once for each of `pieces` pieces and returns when all have
  /// returned. A worker goes through its share of them in order, then takes from the ends of the
  /// others' shares; one that does not come at all is not waited for. With one piece or one thread,
  /// the caller goes through them alone.
  void run_pieces(int64_t pieces, PieceTask task, void* context);

  /// run() for a callable taking (worker, workers).
  template <class Callable>
  void run(Callable&& callable) {
    auto* pointer = &callable;
    run([](void* context, int worker,
           int workers) { (**static_cast<decltype(pointer)*>(context))(worker, workers); },
        &pointer);
  }

  /// run_pieces() for a callable taking (piece, worker).
  template <class Callable>
  void run_pieces(int64_t pieces, const Callable& callable) {
    const auto* pointer = &callable;
    run_pieces(
        pieces,
        [](void* context, int64_t piece, int worker) {
          (**static_cast<decltype(pointer)*>(context))(piece, worker);
        },
        &pointer);
  }

  /// How many pieces `count` items are best cut into where `most` for each thread suffice.
  int64_t pieces_of(int64_t count, int64_t most = 8) const {
    if (threads() == 1) return count > 0 ? 1 : 0;
    return std::min({count, most * threads(), Operation::kMostPieces});
  }

  /// Between these the caller goes from run to run: a worker that waits for the next one may take
  /// it that a caller without a processor would be glad of this worker's.
  void begin_series() { series_.store(true, std::memory_order_relaxed); }
  void end_series() { series_.store(false, std::memory_order_relaxed); }

 private:
  struct Seat;

  void work(int worker);
  void operate(bool own, int64_t pieces, PieceTask task, void* context);
  void work_on(const Operation& operation, int worker);
  void drain(const Operation& operation, int home, int worker, int64_t& done);
  bool has_ended(const Operation& operation) const;
  /// Whether `operation` waits for what this worker does.
  bool owes(const Operation& operation, int worker) const;
  template <class Ended, class Help>
  void wait(int worker, Bell& bell, const Ended& ended, const Help& help);
  /// Both: whether a thread without a processor was found.
  bool lend_processor(const Operation& operation);
  bool give_way(int worker);

  const int threads_;
  std::vector<std::thread> workers_;
  std::unique_ptr<Seat[]> seats_;  // of each worker
  Waiting waiting_;
  PieceTask task_ = nullptr;  // read by those alone who have claimed a piece
  void* context_ = nullptr;
  std::atomic<bool> stop_{false}, series_{false};
  alignas(64) std::atomic<uint64_t> operation_{0};  // Operation::word()
  alignas(64) Bell begun_;
  alignas(64) Bell ended_;
};

/// Calls each(i) for `count` items shared among the workers; one item by the caller alone.
template <class Each>
void share_items(ThreadPool& pool, int64_t count, const Each& each) {
  if (count == 1) return each(int64_t{0});
  const int64_t pieces = pool.pieces_of(count);
  pool.run_pieces(pieces, [&](int64_t piece, int) {
    const Share share = share_of(count, piece, pieces);
    for (int64_t i = share.begin; i < share.end; ++i) each(i);
  });
}

}  // namespace nety
