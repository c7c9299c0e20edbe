#include "core/machine/counters.h"

#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "core/machine/machine.h"
#include "tests/paths.h"

namespace nety::machine {
namespace {

size_t place(Counter counter) { return static_cast<size_t>(counter); }

TEST(Counters, AreReplayedReadingByReading) {
  const auto server = captured(test_data() + "/machines/server-amx-2-sockets");
  const auto counters = server->counters();
  EXPECT_EQ(counters->read()[place(Counter::kInstructions)].value, 1000);
  EXPECT_EQ(counters->read()[place(Counter::kInstructions)].value, 41000000);
  EXPECT_EQ(counters->read()[place(Counter::kInstructions)].value, 90000000);
  EXPECT_EQ(counters->read()[place(Counter::kInstructions)].value, 90000000)
      << "the last one stays";
  EXPECT_EQ(server->counters()->read()[place(Counter::kCacheMisses)].value, 10);
}

TEST(Counters, SayWhyTheyCannotBeRead) {
  EXPECT_EQ(captured(test_data() + "/machines/container-cgroup2")->counters()->read()[0].reason,
            "denied");
  EXPECT_EQ(captured(test_data() + "/machines/dev-vm")->counters()->read()[0].reason,
            "not captured");
  const CounterReading laptop = captured(test_data() + "/machines/laptop-avx2")->counters()->read();
  EXPECT_TRUE(laptop[place(Counter::kCycles)]);
  EXPECT_EQ(laptop[place(Counter::kCacheMisses)].reason, "missing");
}

/// Arithmetic that cannot be left out.
void work() {
  volatile double sum = 0;
  for (int i = 0; i < 2000000; ++i) sum = sum + std::sqrt(i);
}

TEST(Counters, OfThisProcessCountThreadsThatStartLater) {
  const auto counters = host().counters();
  const CounterReading before = counters->read();
  if (!before[place(Counter::kInstructions)]) {
    EXPECT_FALSE(before[place(Counter::kInstructions)].reason.empty());
    GTEST_SKIP() << "this machine shows no counters: "
                 << before[place(Counter::kInstructions)].reason;
  }
  std::thread(work).join();
  const CounterReading after = counters->read();
  EXPECT_GT(*after[place(Counter::kInstructions)].value,
            *before[place(Counter::kInstructions)].value + 2e6);
}

}  // namespace
}  // namespace nety::machine
