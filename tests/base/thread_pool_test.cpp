// The pool runs every worker once per run and every piece once, whoever comes late.
#include "core/base/thread_pool.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <chrono>
#include <random>
#include <thread>
#include <vector>

#include "tests/base/interrupted_threads.h"

namespace nety {
namespace {

using Clock = std::chrono::steady_clock;

TEST(ThreadPool, RunsEveryWorkerOncePerRun) {
  for (const int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    std::vector<std::atomic<int>> calls(static_cast<size_t>(threads));
    for (int run = 0; run < 1000; ++run)
      pool.run([&](int worker, int workers) {
        EXPECT_EQ(workers, threads);
        ++calls[static_cast<size_t>(worker)];
      });
    for (const auto& count : calls) EXPECT_EQ(count.load(), 1000);
  }
}

// Each by the thread that is that worker: what it measures is what all threads do at once.
TEST(ThreadPool, RunsEveryWorkerOnAThreadOfItsOwn) {
  ThreadPool pool(3);
  std::vector<std::thread::id> ids(3);
  pool.run([&](int worker, int) { ids[static_cast<size_t>(worker)] = std::this_thread::get_id(); });
  EXPECT_EQ(ids[0], std::this_thread::get_id());
  EXPECT_NE(ids[1], ids[0]);
  EXPECT_NE(ids[2], ids[0]);
  EXPECT_NE(ids[2], ids[1]);
}

TEST(ThreadPool, MakesWhatWorkersWroteVisibleToTheCaller) {
  ThreadPool pool(3);
  std::vector<int> values(3);
  for (int run = 1; run < 2000; ++run) {
    pool.run([&](int worker, int) { values[static_cast<size_t>(worker)] = run; });
    for (const int value : values) ASSERT_EQ(value, run);
  }
}

TEST(ThreadPool, RunsEveryPieceOnce) {
  for (const Waiting waiting : {Waiting::kAdapts, Waiting::kSpins, Waiting::kParks})
    for (const int threads : {1, 2, 5}) {
      ThreadPool pool(threads, waiting);
      for (const int64_t pieces : {0, 1, 2, 7, 300, 20000}) {
        std::vector<int> calls(static_cast<size_t>(pieces));
        pool.run_pieces(pieces, [&](int64_t piece, int worker) {
          EXPECT_LT(worker, threads);
          ++calls[static_cast<size_t>(piece)];
        });
        for (const int count : calls) ASSERT_EQ(count, 1);
      }
    }
}

TEST(ThreadPool, RunsPiecesOfAWorkerThatIsSlow) {
  ThreadPool pool(2);
  std::vector<std::atomic<int>> of(2);
  pool.run_pieces(40, [&](int64_t, int worker) {
    if (worker == 1) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ++of[static_cast<size_t>(worker)];
  });
  EXPECT_EQ(of[0] + of[1], 40);
  EXPECT_GT(of[0], 20);
}

// Held where it waits for an operation: nothing of it is claimed.
TEST(ThreadPool, EndsAnOperationWhileAWorkerIsStopped) {
  if (!interrupts_anywhere()) GTEST_SKIP() << "not run: signals wait for ThreadSanitizer";
  ThreadPool pool(2);
  const std::vector<int> others = other_threads();
  ASSERT_EQ(others.size(), 1U);
  const auto nothing = [](int64_t, int) {};
  pool.run_pieces(8, nothing);
  std::vector<int> by;
  {
    const HeldThread held(others[0]);
    by.assign(16, -1);
    for (int run = 0; run < 100; ++run)
      pool.run_pieces(16,
                      [&](int64_t piece, int worker) { by[static_cast<size_t>(piece)] = worker; });
  }
  for (const int worker : by) EXPECT_EQ(worker, 0);
  int calls = 0;
  std::atomic<int> all{0};
  pool.run([&](int worker, int) {
    ++all;
    if (worker == 0) ++calls;
  });
  EXPECT_EQ(all, 2);  // it is back
  EXPECT_EQ(calls, 1);
}

/// A chain of operations, each of whose pieces takes what the one before left: any order of pieces
/// gives the same bits, and a piece that is left out, or run twice or late, other ones.
class Chain {
 public:
  static constexpr int64_t kPieces = 24, kWidth = 16;

  /// `delay(piece)` is called inside each piece.
  template <class Delay>
  std::vector<float> run(ThreadPool& pool, int operations, const Delay& delay) {
    std::vector<float> from(kPieces * kWidth, 1), to(kPieces * kWidth);
    for (int operation = 0; operation < operations; ++operation) {
      pool.run_pieces(kPieces, [&](int64_t piece, int) {
        delay(operation, piece);
        for (int64_t i = piece * kWidth; i < (piece + 1) * kWidth; ++i) {
          float sum = 0;
          for (size_t k = 0; k < from.size(); k += 7)
            sum += from[k] * static_cast<float>((i + static_cast<int64_t>(k) + operation) % 11);
          to[static_cast<size_t>(i)] = sum / 900 + 0.1F;
        }
      });
      std::swap(from, to);
    }
    return from;
  }
};

void no_delay(int, int64_t) {}

// Delays by where a piece is, not by who computes it.
void delay_some(int operation, int64_t piece) {
  const uint32_t mixed = static_cast<uint32_t>(operation * 2654435761U + piece * 40503U) >> 7;
  if (mixed % 53 == 0) std::this_thread::sleep_for(std::chrono::microseconds(mixed % 700));
  if (mixed % 11 == 0) std::this_thread::yield();
}

TEST(PoolUnderStress, GivesTheSameBitsWhereThreadsAreHeldUp) {
  ThreadPool alone(1);
  const int operations = 1500;
  const std::vector<float> expected = Chain().run(alone, operations, no_delay);
  for (const Waiting waiting : {Waiting::kAdapts, Waiting::kSpins, Waiting::kParks})
    for (const int threads : {2, 3, 7}) {
      ThreadPool pool(threads, waiting);
      pool.begin_series();
      EXPECT_EQ(Chain().run(pool, operations / threads, delay_some),
                Chain().run(alone, operations / threads, no_delay));
    }
  ThreadPool pool(2);
  EXPECT_EQ(Chain().run(pool, operations, no_delay), expected);
}

// At any instruction, also between two looks at a word.
TEST(PoolUnderStress, GivesTheSameBitsWhereThreadsAreInterruptedAnywhere) {
  if (!interrupts_anywhere()) GTEST_SKIP() << "not run: signals wait for ThreadSanitizer";
  ThreadPool alone(1);
  const int operations = 600;
  const std::vector<float> expected = Chain().run(alone, operations, no_delay);
  for (const int threads : {2, 3, 6}) {
    ThreadPool pool(threads);
    pool.begin_series();
    const RandomHolds holds(static_cast<uint32_t>(threads));
    for (int turn = 0; turn < 3; ++turn)
      EXPECT_EQ(Chain().run(pool, operations, no_delay), expected);
  }
}

/// Processors that a thread may run on; 0 is the calling one.
std::vector<bool> processors_of(int thread) {
  cpu_set_t set;
  std::vector<bool> may(CPU_SETSIZE);
  if (::sched_getaffinity(thread, sizeof set, &set) == 0)
    for (size_t i = 0; i < may.size(); ++i) may[i] = CPU_ISSET(i, &set);
  return may;
}

// Threads are moved to where others have a processor to spare, and stay free to run anywhere.
TEST(PoolUnderStress, LeavesThreadsTheProcessorsTheyMayRunOn) {
  const std::vector<bool> before = processors_of(0);
  ThreadPool pool(2);
  const std::vector<int> others = other_threads();
  pool.begin_series();
  {
    std::vector<std::jthread> busy;
    for (int i = 0; i < 4; ++i)
      busy.emplace_back([](const std::stop_token& stop) {
        while (!stop.stop_requested()) continue;
      });
    const Clock::time_point start = Clock::now();
    while (Clock::now() - start < std::chrono::milliseconds(500)) Chain().run(pool, 20, no_delay);
  }
  EXPECT_EQ(processors_of(0), before);
  for (const int thread : others) EXPECT_EQ(processors_of(thread), before);
}

TEST(Shares, CoverEverythingOnceAndCutAtGrains) {
  for (const int64_t count : {0, 1, 7, 64, 1000})
    for (const int workers : {1, 2, 3, 7})
      for (const int64_t grain : {1, 8}) {
        int64_t next = 0;
        for (int worker = 0; worker < workers; ++worker) {
          const Share share = share_of(count, worker, workers, grain);
          EXPECT_EQ(share.begin, next);
          EXPECT_LE(share.begin, share.end);
          if (share.end != count) {
            EXPECT_EQ(share.end % grain, 0);
          }
          next = share.end;
        }
        EXPECT_EQ(next, count);
      }
}

}  // namespace
}  // namespace nety
