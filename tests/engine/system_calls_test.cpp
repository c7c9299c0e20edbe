// A token makes no system call: counted from outside, in every thread.
#include <sys/syscall.h>
#include <unistd.h>

#include <numeric>
#include <set>
#include <thread>

#include "core/base/thread_pool.h"
#include "core/engine/sampler.h"
#include "tests/engine/ready.h"
#include "tests/engine/traced_child.h"

namespace nety::engine {
namespace {

constexpr int kTokens = 256;

/// A sequence that has decoded a few tokens, then kTokens between two marks, sampled as chat does.
void decode_between_marks(int threads, std::optional<precision::ModeId> mode) {
  Ready ready = make_ready(test_data("checkpoints/fp32"), native_backend(threads),
                           {.mode = mode, .head = {}});
  Engine engine(*ready.model, *ready.backend, {.context = 2 * kTokens});
  Sequence sequence = engine.open_sequence();
  Sampler sampler({.temperature = 0.8, .top_k = 40, .top_p = 0.95, .seed = 1});
  int32_t token = 1;
  const auto decode = [&](int count) {
    for (int i = 0; i < count; ++i)
      token = sampler.pick(sequence.feed(std::span(&token, 1)), {sequence.tokens()});
  };
  decode(kTokens / 2);  // past the first stretch of the cache
  mark();
  decode(kTokens);
  mark();
}

std::string shown(const SystemCalls& calls) {
  std::string text;
  for (const auto& [number, count] : calls)
    text += std::to_string(count) + " of number " + std::to_string(number) + ", ";
  return text;
}

int count(const SystemCalls& calls) {
  return std::accumulate(calls.begin(), calls.end(), 0,
                         [](int sum, const auto& call) { return sum + call.second; });
}

// What would the other tests say if there were some?
TEST(SystemCallsPerToken, WouldBeSeen) {
  const Traced traced = trace([] {
    mark();
    std::thread([] { ::getppid(); }).join();
    ::getppid();
    mark();
    mark();
  });
  if (traced.forbidden) GTEST_SKIP() << "not run: " << traced.problem;
  ASSERT_EQ(traced.intervals.size(), 2U) << traced.problem;
  EXPECT_EQ(traced.intervals[0].at(SYS_getppid), 2);
  EXPECT_EQ(count(traced.intervals[1]), 0);
}

TEST(SystemCallsPerToken, AreNoneOnOneThread) {
  for (const precision::Mode& mode : precision::modes()) {
    if (mode.functions->allocate == nullptr) continue;
    const Traced traced = trace([&] { decode_between_marks(1, mode.id); });
    if (traced.forbidden) GTEST_SKIP() << "not run: " << traced.problem;
    ASSERT_EQ(traced.intervals.size(), 1U) << mode.name << ": " << traced.problem;
    EXPECT_EQ(count(traced.intervals[0]), 0) << mode.name << ": " << shown(traced.intervals[0]);
  }
}

// With two threads, one that waits longer than it spins parks and has to be woken, and looks
// whether the other has a processor. Neighbours that take the processor away make it wait, so how
// often that happens is not for a test to say; that nothing else happens is.
TEST(SystemCallsPerToken, AreThoseOfParkingOnTwoThreads) {
  if (std::thread::hardware_concurrency() < 2) GTEST_SKIP() << "not run: there is one processor";
  const Traced traced = trace([] { decode_between_marks(2, precision::ModeId::bf16); });
  if (traced.forbidden) GTEST_SKIP() << "not run: " << traced.problem;
  ASSERT_EQ(traced.intervals.size(), 1U) << traced.problem;
  // The last three are of a worker that begins late: nobody waits for it.
  const std::set<uint64_t> of_waiting = {
      SYS_futex, SYS_clock_gettime,   SYS_sched_getaffinity, SYS_sched_setaffinity,
      SYS_rseq,  SYS_set_robust_list, SYS_rt_sigprocmask};
  for (const auto& [number, times] : traced.intervals[0])
    EXPECT_TRUE(of_waiting.contains(number)) << shown(traced.intervals[0]);
}

/// As many runs of a pool of two threads as a few tokens take, between two marks.
void run_between_marks(Waiting waiting) {
  ThreadPool pool(2, waiting);
  const auto nothing = [](int, int) {};
  pool.run(nothing);
  mark();
  for (int i = 0; i < 2000; ++i) pool.run(nothing);
  mark();
}

// A pool whose threads never get tired of spinning shows what a run costs while nobody parks.
TEST(SystemCallsPerToken, AreNoneOfThePoolWhileNobodyParks) {
  if (std::thread::hardware_concurrency() < 2) GTEST_SKIP() << "not run: there is one processor";
  const Traced traced = trace([] { run_between_marks(Waiting::kSpins); });
  if (traced.forbidden) GTEST_SKIP() << "not run: " << traced.problem;
  ASSERT_EQ(traced.intervals.size(), 1U) << traced.problem;
  EXPECT_EQ(count(traced.intervals[0]), 0) << shown(traced.intervals[0]);
}

// The same measure does see parking where nobody spins.
TEST(SystemCallsPerToken, OfThePoolAreSeenWhereItsThreadsPark) {
  const Traced traced = trace([] { run_between_marks(Waiting::kParks); });
  if (traced.forbidden) GTEST_SKIP() << "not run: " << traced.problem;
  ASSERT_EQ(traced.intervals.size(), 1U) << traced.problem;
  EXPECT_GT(count(traced.intervals[0]), 0);
}

}  // namespace
}  // namespace nety::engine
