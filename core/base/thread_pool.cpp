// An operation ends when its pieces are done; whoever has none left waits. Waiting spins, then
// parks. A thread may lose its processor to another program inside a piece, or the caller between
// two runs. Then one of the others spins on a processor of ours for nothing: it is handed over.
#include "core/base/thread_pool.h"

#include <sched.h>

#include <algorithm>

#include "core/base/place.h"
#include "core/base/spin_limit.h"

namespace nety {
namespace {

/// Looks before a wait is one that is counted and timed: about a microsecond.
constexpr int kFirstLooks = 20;
/// A thread that is waited for this long may have lost its processor. Twice as long each time.
constexpr int64_t kPatience = 15000;
/// Parking ends after this even if nobody rings, twice as long each time, to look again.
constexpr int64_t kShortestPark = 200000, kLongestPark = 8000000;
/// Between two looks of a thread that has its processor there is less than this.
constexpr int64_t kAbsence = 300000;
/// A processor is lent for a piece, not for longer.
constexpr int64_t kLoan = 1000000;

inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

struct alignas(64) ThreadPool::Seat {
  Claims claims;  // of this worker's share
  // Written by this worker alone, but for its place:
  alignas(64) std::atomic<uint64_t> done{0};  // an operation's number, and the pieces done of it
  std::atomic<uint64_t> taking{0};            // the number of the operation it takes pieces of
  Place place;
  SpinLimit limit;
};

ThreadPool::ThreadPool(int threads, Waiting waiting)
    : threads_(std::max(threads, 1)),
      seats_(std::make_unique<Seat[]>(static_cast<size_t>(threads_))) {
  const int processors = static_cast<int>(std::thread::hardware_concurrency());
  waiting_ = threads_ <= std::max(processors, 1) ? waiting : Waiting::kParks;
  workers_.reserve(static_cast<size_t>(threads_ - 1));
  for (int worker = 1; worker < threads_; ++worker)
    workers_.emplace_back([this, worker] { work(worker); });
}

ThreadPool::~ThreadPool() {
  stop_.store(true, std::memory_order_relaxed);
  const uint64_t number = Operation::of(operation_.load(std::memory_order_relaxed)).number + 1;
  operation_.store(Operation{.number = number}.word(), std::memory_order_seq_cst);
  begun_.ring();
  for (std::thread& thread : workers_) thread.join();
}

void ThreadPool::run(Task task, void* context) {
  if (workers_.empty()) return task(context, 0, 1);
  struct Call {
    Task task;
    void* context;
    int workers;
  } call{task, context, threads()};
  operate(
      true, threads(),
      [](void* made, int64_t /*piece*/, int worker) {
        const auto* const from = static_cast<const Call*>(made);
        from->task(from->context, worker, from->workers);
      },
      &call);
}

void ThreadPool::run_pieces(int64_t pieces, PieceTask task, void* context) {
  if (workers_.empty() || pieces <= 1) {
    for (int64_t piece = 0; piece < pieces; ++piece) task(context, piece, 0);
    return;
  }
  for (int64_t first = 0; first < pieces; first += Operation::kMostPieces) {
    struct Call {
      PieceTask task;
      void* context;
      int64_t first;
    } call{task, context, first};
    operate(
        false, std::min(pieces - first, Operation::kMostPieces),
        [](void* made, int64_t piece, int worker) {
          const auto* const from = static_cast<const Call*>(made);
          from->task(from->context, from->first + piece, worker);
        },
        &call);
  }
}

void ThreadPool::operate(bool own, int64_t pieces, PieceTask task, void* context) {
  task_ = task;
  context_ = context;
  const uint64_t last = Operation::of(operation_.load(std::memory_order_relaxed)).number;
  const Operation operation{last + 1, pieces, own};
  operation_.store(operation.word(), std::memory_order_seq_cst);
  begun_.ring();
  work_on(operation, 0);
  wait(
      0, ended_, [&] { return has_ended(operation); }, [&] { return lend_processor(operation); });
}

void ThreadPool::work(int worker) {
  uint64_t seen = 0;
  seats_[static_cast<size_t>(worker)].place.note();
  for (;;) {
    wait(
        worker, begun_, [&] { return operation_.load(std::memory_order_seq_cst) != seen; },
        [&] { return give_way(worker); });
    seen = operation_.load(std::memory_order_acquire);
    if (stop_.load(std::memory_order_relaxed)) return;
    work_on(Operation::of(seen), worker);
  }
}

void ThreadPool::work_on(const Operation& operation, int worker) {
  Seat& seat = seats_[static_cast<size_t>(worker)];
  seat.place.note();
  seat.taking.store(operation.number, std::memory_order_relaxed);
  int64_t done = 0;
  drain(operation, worker, worker, done);
  if (!operation.own)
    for (int other = 1; other < threads(); ++other)
      drain(operation, (worker + other) % threads(), worker, done);
  seat.taking.store(0, std::memory_order_relaxed);
  seat.place.return_home();
}

// The pieces of `home` that are left. The task is looked at once a piece is claimed: from then on
// its operation cannot end.
void ThreadPool::drain(const Operation& operation, int home, int worker, int64_t& done) {
  const Share share = share_of(operation.pieces, home, threads());
  Claims& claims = seats_[static_cast<size_t>(home)].claims;
  const auto from = home == worker ? Claims::From::kFront : Claims::From::kEnd;
  for (;;) {
    const int64_t piece = claims.take(share, operation.number, from, worker == 0);
    if (piece == Claims::kNone) return;
    task_(context_, piece, worker);
    ++done;
    seats_[static_cast<size_t>(worker)].done.store(
        Operation{operation.number, done, operation.own}.word(), std::memory_order_seq_cst);
    if (worker != 0) ended_.ring_if([&] { return has_ended(operation); });
  }
}

bool ThreadPool::has_ended(const Operation& operation) const {
  int64_t done = 0;
  for (int worker = 0; worker < threads(); ++worker) {
    const Operation of =
        Operation::of(seats_[static_cast<size_t>(worker)].done.load(std::memory_order_seq_cst));
    if (of.number == operation.number) done += of.pieces;
  }
  return done == operation.pieces;
}

bool ThreadPool::owes(const Operation& operation, int worker) const {
  const Seat& seat = seats_[static_cast<size_t>(worker)];
  if (!operation.own) return seat.taking.load(std::memory_order_relaxed) == operation.number;
  return Operation::of(seat.done.load(std::memory_order_relaxed)).number != operation.number;
}

template <class Ended, class Help>
void ThreadPool::wait(int worker, Bell& bell, const Ended& ended, const Help& help) {
  SpinLimit& limit = seats_[static_cast<size_t>(worker)].limit;
  const int first_looks = waiting_ == Waiting::kParks ? 1 : kFirstLooks;
  for (int i = 0; i < first_looks; ++i) {
    if (ended()) return;
    relax();
  }
  const int64_t start = steady_nanoseconds();
  int64_t last = start, absent = 0;  // absent: without a processor, or busy helping
  int64_t next_help = kPatience, park = kShortestPark;
  bool parked = false;
  while (!ended()) {
    relax();
    const int64_t now = steady_nanoseconds();
    if (now - last > kAbsence) {
      absent += now - last;
      limit.crowded();
    }
    last = now;
    const int64_t waited = now - start - absent;
    const bool tired = waiting_ == Waiting::kParks ||
                       (waiting_ == Waiting::kAdapts && (parked || waited >= limit.nanoseconds()));
    const bool first_park = tired && !parked && waiting_ == Waiting::kAdapts;
    if (waiting_ != Waiting::kSpins && (waited >= next_help || first_park)) {
      if (help()) limit.crowded();
      next_help = 2 * std::max(waited, kPatience);
      last = steady_nanoseconds();
      absent += last - now;
    }
    if (!tired) continue;
    const bool may_be_late = worker == 0 || series_.load(std::memory_order_relaxed);
    if (const int64_t after = bell.park(ended, may_be_late ? park : Bell::kForever); after >= 0) {
      absent += after;
      limit.woke(after);
      if (after > kAbsence) limit.crowded();
    }
    park = std::min(2 * park, kLongestPark);
    parked = true;
    last = steady_nanoseconds();
  }
  limit.ended(std::max<int64_t>(steady_nanoseconds() - start - absent, 0));
}

// Of the caller, where a worker has no processor to finish its piece on: it gets this one while we
// are parked, and goes back to where it was. Then we are here to go on.
bool ThreadPool::lend_processor(const Operation& operation) {
  const auto ended = [&] { return has_ended(operation); };
  bool found = false;
  for (int worker = 1; worker < threads() && !ended(); ++worker) {
    Place& late = seats_[static_cast<size_t>(worker)].place;
    if (!owes(operation, worker) || late.is_running()) continue;
    found = true;
    const int here = ::sched_getcpu();
    if (late.processor() == here) {
      ended_.park(ended, kLoan);
      late.move_away_from(here);
    } else if (late.borrow(here)) {
      ended_.park(ended, kLoan);
      late.return_home();
    }
  }
  return found;
}

// Of a worker, where the caller has no processor to go on with: it gets this one, and we go where
// it waited. We have claimed nothing, so nobody waits for us.
bool ThreadPool::give_way(int worker) {
  Place& caller = seats_[0].place;
  Place& own = seats_[static_cast<size_t>(worker)].place;
  if (!series_.load(std::memory_order_relaxed)) return false;
  const bool due = has_ended(Operation::of(operation_.load(std::memory_order_relaxed)));
  if (!due && ended_.somebody_is_parked()) return false;  // the caller waits for another worker
  if (caller.is_running()) return false;
  const int here = ::sched_getcpu(), there = caller.processor();
  if (here == there)
    own.move_away_from(here);
  else if (caller.move_to(here))
    own.move_to(there);
  return true;
}

Share share_of(int64_t count, int64_t worker, int64_t workers, int64_t grain) {
  const int64_t pieces = (count + grain - 1) / grain;
  const auto cut = [&](int64_t index) { return std::min(count, pieces * index / workers * grain); };
  return {cut(worker), cut(worker + 1)};
}

}  // namespace nety
