// Control groups made for the test, where this machine lets us: the limits are then the kernel's
// own, and not a replayed text.
#include <gtest/gtest.h>

#include <string>

#include "control_group.h"
#include "core/machine/text.h"

namespace nety::machine {
namespace {

std::string threads_and_quota() {
  const results::CpuBudget budget = cpu_budget(host());
  return std::to_string(budget.threads) + " " + std::to_string(budget.quota.value_or(0));
}

TEST(RealLimits, AQuotaIsFollowed) {
  const ControlGroup group("cpu");
  if (!group.made()) GTEST_SKIP() << "no control group can be made here";
  const bool limited = group.version() == 1 ? group.set("cpu.cfs_period_us", "100000") &&
                                                  group.set("cpu.cfs_quota_us", "150000")
                                            : group.set("cpu.max", "150000 100000");
  if (!limited) GTEST_SKIP() << "no quota can be set here";
  const auto answer = group.ask(threads_and_quota);
  if (!answer) GTEST_SKIP() << "no process can be put into a control group here";
  EXPECT_EQ(*answer, "1 1.500000");
}

std::string limit_and_name() {
  const MemoryBudget budget = memory_budget(host());
  return std::to_string(budget.limit_bytes.value_or(0)) + " " +
         std::to_string(budget.available_bytes) + " " + budget.limited_by;
}

TEST(RealLimits, AMemoryLimitIsFollowed) {
  constexpr uint64_t kLimit = uint64_t{1} << 30;
  const ControlGroup group("memory");
  if (!group.made()) GTEST_SKIP() << "no control group can be made here";
  if (!group.limit_memory(kLimit)) GTEST_SKIP() << "no memory limit can be set here";
  const auto answer = group.ask(limit_and_name);
  if (!answer) GTEST_SKIP() << "no process can be put into a control group here";
  const auto words = split(*answer, ' ');
  ASSERT_GE(words.size(), 3U);
  EXPECT_EQ(number_in(words[0]), kLimit);
  EXPECT_LE(number_in(words[1]).value_or(UINT64_MAX), kLimit);
  EXPECT_NE(answer->find("nety-test-"), std::string::npos) << *answer;
}

}  // namespace
}  // namespace nety::machine
