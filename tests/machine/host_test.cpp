// The real machine: answers are checked against other ways of asking.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "core/machine/machine.h"
#include "core/machine/topology.h"

namespace nety::machine {
namespace {

/// What a command prints, its last newline taken off; nothing if it is not there or fails.
std::optional<std::string> printed_by(const std::string& command) {
  FILE* pipe = ::popen(("LC_ALL=C " + command + " 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) return std::nullopt;
  std::string text;
  char buffer[4096];
  for (size_t got; (got = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    text.append(buffer, got);
  if (::pclose(pipe) != 0 || text.empty()) return std::nullopt;
  if (text.back() == '\n') text.pop_back();
  return text;
}

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

TEST(Host, AsksTheDriversOnceAndOnlyWhereItWasToldHow) {
  EXPECT_FALSE(host().gpu_drivers());
  int asked = 0;
  const auto machine = host_asking([&] {
    ++asked;
    return Answer<std::string>{"cuda version = 13000\n", ""};
  });
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(machine->gpu_drivers().value, "cuda version = 13000\n");
  EXPECT_EQ(machine->gpu_drivers().value, "cuda version = 13000\n");
  EXPECT_EQ(asked, 1);
}

TEST(Host, AgreesWithLscpu) {
  // One line per processor online: "core,socket,node".
  const auto table = printed_by("lscpu -p=CORE,SOCKET,NODE");
  if (!table) GTEST_SKIP() << "no lscpu";
  std::set<std::string> cores, sockets, nodes;
  int processors_seen = 0;
  std::istringstream lines(*table);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    std::string core, socket, node;
    std::getline(words, core, ',');
    std::getline(words, socket, ',');
    std::getline(words, node, ',');
    cores.insert(core);
    sockets.insert(socket);
    nodes.insert(node);
    ++processors_seen;
  }
  EXPECT_EQ(processors(host()), processors_seen);
  const Arrangement found = arrangement(host());
  ASSERT_TRUE(found.cores);
  EXPECT_EQ(*found.cores, static_cast<int>(cores.size()));
  EXPECT_EQ(*found.sockets, static_cast<int>(sockets.size()));
  if (const auto ours = numa_nodes(host()); !ours.empty()) {
    EXPECT_EQ(ours.size(), nodes.size());
  }
}

TEST(Host, SeesTheCachesThatLscpuSees) {
  const auto table = printed_by("lscpu -B -C=NAME,ONE-SIZE");
  if (!table) GTEST_SKIP() << "this lscpu lists no caches";
  std::map<std::string, uint64_t> theirs;
  std::istringstream lines(*table);
  std::string name, size;
  lines >> name >> size;  // the headings
  while (lines >> name >> size) theirs[name] = std::stoull(size);
  theirs.erase("L1i");  // instructions: no concern of ours
  std::map<std::string, uint64_t> ours;
  for (const Cache& cache : caches(host())) ours[cache.name] = cache.bytes;
  EXPECT_EQ(ours, theirs);
}

TEST(Host, AgreesWithGetconfAndUname) {
  const auto libc = printed_by("getconf GNU_LIBC_VERSION");
  if (!libc) GTEST_SKIP() << "no getconf";
  EXPECT_EQ(host().libc().value, libc);
  EXPECT_EQ(kernel_release(host()), printed_by("uname -r"));
}

TEST(Host, AsksHwlocWhereItIs) {
  const auto topology = host().topology();
  if (!topology) GTEST_SKIP() << topology.reason;
  EXPECT_NE(topology.value->find("PU:"), std::string::npos) << *topology.value;
  // lstopo shows instruction caches, which the library leaves out: the ends are the same.
  if (const auto theirs = printed_by("lstopo-no-graphics --no-io --of synthetic")) {
    EXPECT_EQ(topology.value->substr(0, topology.value->find(' ')),
              theirs->substr(0, theirs->find(' ')));
  }
}

TEST(Host, ReadsAFileAtSomeRate) {
  const auto path = std::filesystem::temp_directory_path() / "nety-read-rate";
  {
    std::ofstream file(path, std::ios::binary);
    const std::string block(size_t{1} << 20, 'x');
    for (int i = 0; i < 8; ++i) file << block;
  }
  const auto rate = host().read_rate(path.string(), 1);
  EXPECT_GT(rate.value.value_or(0), 0) << rate.reason;
  std::filesystem::resize_file(path, 100);
  EXPECT_EQ(host().read_rate(path.string(), 1).reason, "the file is too small to time");
  std::filesystem::remove(path);
  EXPECT_EQ(host().read_rate(path.string(), 1).reason, "No such file or directory");
  EXPECT_FALSE(host().read_rate("/proc", 1));
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
  EXPECT_EQ(printed_by("nproc").value_or("1"), "1");
  ASSERT_EQ(sched_setaffinity(0, sizeof before, &before), 0);
  EXPECT_EQ(printed_by("nproc"), std::to_string(host().affinity().value.value_or(0)));
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
