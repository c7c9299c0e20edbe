// Where a thread runs, and moving one that waits for its turn on a processor to another processor.
#pragma once

#include <atomic>
#include <ctime>

namespace nety {

/// Of one thread; others read it and may move the thread. Which processors a thread may run on is
/// the same after each call as before: it is narrowed to one, and widened again.
class Place {
 public:
  static constexpr int kNowhere = -1;

  /// The calling thread is the one, and runs here.
  void note();
  /// Whether the thread has a processor now, by its CPU time; takes some microseconds. A thread
  /// that nothing is known of counts as running.
  bool is_running() const;
  int processor() const { return processor_.load(std::memory_order_relaxed); }

  /// To this processor; the calling thread may be the one. False where it may not run there, or
  /// somebody else is moving it.
  bool move_to(int processor);
  /// To any other processor that it may run on.
  bool move_away_from(int processor);

  /// To this processor until return_home(), which whoever comes first does.
  bool borrow(int processor);
  void return_home();

 private:
  template <class Narrow>
  bool move(const Narrow& narrow);

  static constexpr clockid_t kUnknown = CLOCK_THREAD_CPUTIME_ID;

  std::atomic<clockid_t> clock_{kUnknown};  // of the thread's CPU time
  std::atomic<int> processor_{kNowhere};
  std::atomic<int> home_{kNowhere};  // while it borrows a processor
  std::atomic<bool> moving_{false};
};

}  // namespace nety
