// A token makes no system call: counted from outside, in every thread.
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <numeric>
#include <thread>

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
  Sampler sampler({.seed = 1});
  int32_t token = 1;
  const auto decode = [&](int count) {
    for (int i = 0; i < count; ++i)
      token = sampler.pick(sequence.feed(std::span(&token, 1)), sequence.tokens());
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

// With two, a thread that waits longer than it spins parks, and has to be woken: that is what
// happens while the first mark stops the other one. A neighbour that takes the processor away has
// the same effect, so the calmest of several runs counts; nothing but parking is allowed in any.
TEST(SystemCallsPerToken, AreNoneOnTwoThreadsThatAreNotDisturbed) {
  if (std::thread::hardware_concurrency() < 2) GTEST_SKIP() << "not run: there is one processor";
  constexpr int kParkAndWake = 16;  // a few yields, a wait and a wake, at either mark
  int least = 1 << 30;
  for (int attempt = 0; attempt < 20 && least > kParkAndWake; ++attempt) {
    const Traced traced = trace([] { decode_between_marks(2, precision::ModeId::bf16); });
    if (traced.forbidden) GTEST_SKIP() << "not run: " << traced.problem;
    ASSERT_EQ(traced.intervals.size(), 1U) << traced.problem;
    for (const auto& [number, times] : traced.intervals[0])
      EXPECT_TRUE(number == SYS_futex || number == SYS_sched_yield) << shown(traced.intervals[0]);
    least = std::min(least, count(traced.intervals[0]));
  }
  EXPECT_LE(least, kParkAndWake) << "for " << kTokens << " tokens";
}

}  // namespace
}  // namespace nety::engine
