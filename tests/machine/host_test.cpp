// The real machine: answers are checked against other ways of asking.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <iterator>
#include <set>
#include <sstream>

#include "core/machine/machine.h"

namespace nety::machine {
namespace {

TEST(Host, ReadsFilesAndSaysWhyItCannot) {
  EXPECT_NE(host().read("/proc/self/status").value.value_or("").find("VmSize"), std::string::npos);
  EXPECT_EQ(host().read("/nowhere/at/all").reason, "missing");
  EXPECT_FALSE(host().read("/proc").value);
  EXPECT_EQ(host().list("/nowhere").reason, "missing");
  EXPECT_TRUE(host().list("/proc/self"));
}

TEST(Host, ReadsAtMostOneMebibyte) {
  EXPECT_EQ(host().read("/dev/zero").value.value_or("").size(), size_t{1} << 20);
}

TEST(Host, LoadsALibraryOrSaysWhyNot) {
  EXPECT_TRUE(host().library("libc.so.6").value.value_or(false));
  const auto missing = host().library("libnosuchthing.so.9");
  EXPECT_FALSE(missing.value.value_or(true));
  EXPECT_NE(missing.reason.find("libnosuchthing.so.9"), std::string::npos);
}

TEST(Host, FollowsTheAffinityMask) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  EXPECT_EQ(host().affinity().value, CPU_COUNT(&before));
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++i) {
    if (CPU_ISSET(i, &before)) CPU_SET(i, &one);
  }
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(cpu_budget(host()).threads, 1);
  ASSERT_EQ(sched_setaffinity(0, sizeof before, &before), 0);
}

TEST(Host, KnowsItsProcessors) {
  EXPECT_EQ(processors(host()), static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN)));
  EXPECT_LE(cpu_budget(host()).threads, processors(host()));
}

TEST(Host, KnowsItsMemory) {
  const MemoryBudget budget = memory_budget(host());
  const auto pages = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES));
  EXPECT_EQ(budget.total_bytes, pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)));
  EXPECT_GT(budget.available_bytes, 0U);
  EXPECT_LT(budget.available_bytes, budget.total_bytes);
}

TEST(Host, FollowsTheAddressSpaceLimit) {
  constexpr uint64_t kRoom = uint64_t{1} << 30;
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_AS, &before), 0);
  const auto status = host().read("/proc/self/statm");
  const uint64_t used =
      std::stoull(status.value.value_or("")) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  rlimit limit = before;
  limit.rlim_cur = used + kRoom;
  ASSERT_EQ(setrlimit(RLIMIT_AS, &limit), 0);
  const MemoryBudget budget = memory_budget(host());
  ASSERT_EQ(setrlimit(RLIMIT_AS, &before), 0);
  EXPECT_LE(budget.available_bytes, kRoom + (kRoom >> 4));
  EXPECT_LE(budget.limit_bytes.value_or(UINT64_MAX), used + kRoom);
}

// CPUID and XGETBV against what the kernel lists.
TEST(Host, KnowsTheFeaturesThatTheKernelKnows) {
  const std::string info = host().read("/proc/cpuinfo").value.value_or("");
  const size_t flags = info.find("\nflags");
  if (flags == std::string::npos) GTEST_SKIP() << "no flags in /proc/cpuinfo";
  std::istringstream line(info.substr(flags, info.find('\n', flags + 1) - flags));
  const std::set<std::string> known(std::istream_iterator<std::string>(line), {});
  for (const std::string& feature : cpu_features(host())) EXPECT_TRUE(known.contains(feature));
  for (const char* feature : {"avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx512_bf16"})
    EXPECT_EQ(has_feature(host(), feature), known.contains(feature)) << feature;
}

TEST(Host, IsDescribedWithoutSlowingTheStart) {
  const auto start = std::chrono::steady_clock::now();
  const results::Machine machine = describe(host());
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  EXPECT_FALSE(machine.cpu.empty());
  EXPECT_FALSE(machine.kernel.empty());
  EXPECT_TRUE(took.count() < 0.1 || !machine.gpus.empty()) << took.count();
}

}  // namespace
}  // namespace nety::machine
