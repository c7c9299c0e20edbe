#include <gtest/gtest.h>

#include "core/machine/address_space.h"
#include "core/machine/machine.h"
#include "tests/machine/fake_machine.h"

namespace nety::machine {
namespace {

FakeMachine with_cpu_max(const std::string& text) {
  FakeMachine machine;
  machine.files["/proc/self/cgroup"] = "0::/\n";
  machine.files["/proc/self/mountinfo"] = "1 0 0:1 / /cg rw - cgroup2 cgroup2 rw\n";
  machine.files["/cg/cpu.max"] = text;
  return machine;
}

TEST(CpuBudget, RoundsTheQuotaDownButNeverToNothing) {
  EXPECT_EQ(cpu_budget(with_cpu_max("399999 100000\n")).threads, 3);
  EXPECT_EQ(cpu_budget(with_cpu_max("50000 100000\n")).threads, 1);
  EXPECT_EQ(cpu_budget(with_cpu_max("1000 100000\n")).threads, 1);
}

TEST(CpuBudget, IsTheAffinityWhereTheQuotaIsLarger) {
  EXPECT_EQ(cpu_budget(with_cpu_max("9000000 100000\n")).threads, 8);
  EXPECT_EQ(cpu_budget(with_cpu_max("9000000000000000000 1\n")).threads, 8);
}

TEST(CpuBudget, IgnoresWhatIsNoQuota) {
  for (const char* text : {"max 100000\n", "", "nonsense", "-1 100000", "100000", "100000 0",
                           "0 100000", "1e5 1e5", "99999999999999999999 1", "1 2 3"})
    EXPECT_FALSE(cpu_budget(with_cpu_max(text)).quota) << text;
}

TEST(CpuBudget, NeedsNoProcessorToBeAllowed) {
  FakeMachine machine;
  machine.processors_allowed = 0;
  EXPECT_EQ(cpu_budget(machine).threads, 1);
}

FakeMachine with_memory(uint64_t available_kb) {
  FakeMachine machine;
  machine.files["/proc/meminfo"] =
      "MemTotal: 16000000 kB\nMemAvailable: " + std::to_string(available_kb) + " kB\n";
  machine.files["/proc/self/cgroup"] = "0::/\n";
  machine.files["/proc/self/mountinfo"] = "1 0 0:1 / /cg rw - cgroup2 cgroup2 rw\n";
  return machine;
}

TEST(MemoryBudget, CountsThePageCacheOfTheGroupAsFree) {
  FakeMachine machine = with_memory(8'000'000);
  machine.files["/cg/memory.max"] = "4000000000\n";
  machine.files["/cg/memory.current"] = "3000000000\n";
  machine.files["/cg/memory.stat"] = "anon 500000000\ninactive_file 2500000000\n";
  const MemoryBudget budget = memory_budget(machine);
  EXPECT_EQ(budget.available_bytes, 3'500'000'000U);
  EXPECT_EQ(budget.limit_bytes, 4'000'000'000U);
  EXPECT_EQ(budget.limited_by, "cgroup / memory.max");
}

// A file read more than once is on the active list.
TEST(MemoryBudget, CountsActivePagesOfFilesAsFree) {
  FakeMachine machine = with_memory(8'000'000);
  machine.files["/cg/memory.max"] = "4000000000\n";
  machine.files["/cg/memory.current"] = "3900000000\n";
  machine.files["/cg/memory.stat"] =
      "anon 500000000\ninactive_file 1000000000\nactive_file 2000000000\n"
      "unevictable 300000000\nslab_reclaimable 100000000\n";
  EXPECT_EQ(memory_budget(machine).available_bytes, 3'200'000'000U);
}

TEST(MemoryBudget, IsTheSmallestOfAllThatApplies) {
  FakeMachine machine = with_memory(1'000'000);
  machine.files["/cg/memory.max"] = "4000000000\n";
  machine.address_space = 8'000'000'000;
  const MemoryBudget budget = memory_budget(machine);
  EXPECT_EQ(budget.available_bytes, 1'024'000'000U);
  EXPECT_EQ(budget.limited_by, "MemAvailable");
  EXPECT_EQ(budget.limit_bytes, 4'000'000'000U);
}

TEST(MemoryBudget, KnowsWhatTheSessionLimits) {
  FakeMachine machine = with_memory(8'000'000);
  EXPECT_FALSE(address_space_left(machine));
  machine.address_space = 4'000'000'000;
  machine.processors_allowed = 1;
  machine.files["/proc/self/status"] = "VmSize:\t 1000000 kB\nVmData:\t 100000 kB\n";
  EXPECT_EQ(address_space_left(machine), 4'000'000'000U - 1'024'000'000U);
  EXPECT_EQ(memory_budget(machine).limited_by, "RLIMIT_AS");
  machine.processors_allowed = 3;  // two more threads: their stacks and heaps are reserved
  EXPECT_EQ(address_space_left(machine),
            4'000'000'000U - 1'024'000'000U - 2 * (uint64_t{72} << 20));
  machine.processors_allowed = 1;
  machine.files["/proc/self/limits"] =
      "Limit                     Soft Limit           Hard Limit           Units     \n"
      "Max data size             2000000000           unlimited            bytes     \n";
  EXPECT_EQ(memory_budget(machine).limited_by, "RLIMIT_DATA");
  EXPECT_EQ(memory_budget(machine).available_bytes, 2'000'000'000U - 102'400'000U);
  machine.files["/proc/self/limits"] =
      "Max data size             unlimited            unlimited            bytes     \n";
  EXPECT_EQ(memory_budget(machine).limited_by, "RLIMIT_AS");
}

TEST(MemoryBudget, IsNothingInAGroupThatIsFull) {
  FakeMachine machine = with_memory(8'000'000);
  machine.files["/cg/memory.max"] = "1000\n";
  machine.files["/cg/memory.current"] = "5000\n";
  EXPECT_EQ(memory_budget(machine).available_bytes, 0U);
}

TEST(MemoryBudget, IgnoresLimitsThatMeanNone) {
  FakeMachine machine = with_memory(8'000'000);
  machine.files["/cg/memory.max"] = "max\n";
  machine.files["/cg/memory.high"] = "9223372036854771712\n";
  const MemoryBudget budget = memory_budget(machine);
  EXPECT_FALSE(budget.limit_bytes);
  EXPECT_EQ(budget.limited_by, "MemAvailable");
}

TEST(MemoryBudget, AddsUpWhatOldKernelsSay) {
  FakeMachine machine;
  machine.files["/proc/meminfo"] =
      "MemTotal: 4000 kB\nMemFree: 1000 kB\nBuffers: 10 kB\nCached: 500 kB\n";
  EXPECT_EQ(memory_budget(machine).available_bytes, 1510U * 1024U);
}

TEST(MemoryBudget, SaysThatItCouldNotTell) {
  EXPECT_EQ(memory_budget(FakeMachine()).limited_by, "");
  FakeMachine limited;
  limited.address_space = 1000;
  EXPECT_EQ(memory_budget(limited).limited_by, "RLIMIT_AS");
  EXPECT_EQ(memory_budget(limited).available_bytes, 1000U);
}

TEST(Features, OfALeafThatTheProcessorLacksAreNotInvented) {
  // Old processors answer a leaf beyond their highest with the highest one's bits.
  class Old : public FakeMachine {
   public:
    Answer<CpuidLeaf> cpuid(uint32_t leaf, uint32_t) const override {
      if (leaf == 0) return {CpuidLeaf{4, 0, 0, 0}, ""};
      return {CpuidLeaf{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, ""};
    }
    Answer<uint64_t> xgetbv() const override { return {0xffffffff, ""}; }
  };
  EXPECT_TRUE(has_feature(Old(), "fma"));
  EXPECT_FALSE(has_feature(Old(), "avx2"));
  EXPECT_FALSE(has_feature(Old(), "avx512f"));
}

}  // namespace
}  // namespace nety::machine
