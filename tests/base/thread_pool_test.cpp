// The pool runs every worker once per run, and shares cover everything once.
#include "core/base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

namespace nety {
namespace {

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

TEST(ThreadPool, MakesWhatWorkersWroteVisibleToTheCaller) {
  ThreadPool pool(3);
  std::vector<int> values(3);
  for (int run = 1; run < 2000; ++run) {
    pool.run([&](int worker, int) { values[static_cast<size_t>(worker)] = run; });
    for (const int value : values) ASSERT_EQ(value, run);
  }
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
