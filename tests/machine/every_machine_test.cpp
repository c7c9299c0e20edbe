// Every captured machine, with the answers that are right for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <ostream>
#include <set>

#include "core/machine/machine.h"
#include "core/machine/topology.h"

#include "tests/paths.h"

namespace nety::machine {
namespace {

constexpr uint64_t kGib = uint64_t{1} << 30;

struct Expected {
  std::string folder, cpu;
  int processors, affinity;
  double quota;  // 0: none
  int threads;
  uint64_t available_bytes;
  std::string limited_by;
  std::vector<std::string> has, lacks;  // features
  std::string hypervisor;
  std::vector<std::string> gpus;
};

std::ostream& operator<<(std::ostream& out, const Expected& row) { return out << row.folder; }

const Expected kMachines[] = {
    {"dev-vm",
     "AMD EPYC",
     2,
     2,
     0,
     2,
     0,
     "MemAvailable",
     {"avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx512_bf16"},
     {"amx_tile", "avx512_fp16", "avx_vnni"},
     "KVM",
     {}},
    {"laptop-avx2",
     "Intel(R) Core(TM) i5-8250U CPU @ 1.60GHz",
     8,
     8,
     0,
     8,
     4200 * kGib / 1024,
     "MemAvailable",
     {"avx", "avx2", "fma", "f16c"},
     {"avx512f", "avx_vnni"},
     "",
     {"Intel GPU (PCI device 0x5917)"}},
    {"server-amx-2-sockets",
     "Intel(R) Xeon(R) Platinum 8480+",
     224,
     224,
     0,
     224,
     500 * kGib,
     "MemAvailable",
     {"amx_tile", "amx_int8", "amx_bf16", "avx512_fp16", "avx512_bf16", "avx_vnni"},
     {},
     "",
     {}},
    {"container-cgroup2",
     "AMD EPYC 7R13 48-Core Processor",
     96,
     96,
     4,
     4,
     13 * kGib,
     "cgroup / memory.max",
     {"avx2", "fma"},
     {"avx512f"},
     "KVM",
     {}},
    {"pod-limited-by-parent",
     "AMD EPYC 7R13 48-Core Processor",
     48,
     48,
     1.5,
     1,
     2 * kGib,
     "cgroup /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice memory.high",
     {"avx2"},
     {"avx512f"},
     "KVM",
     {}},
    {"container-cgroup1",
     "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz",
     64,
     16,
     2.5,
     2,
     6 * kGib,
     "cgroup / memory.limit_in_bytes",
     {"avx512f", "avx512_vnni"},
     {"avx512_bf16", "amx_tile"},
     "",
     {}},
    {"server-arm",
     "ARM Neoverse N1",
     80,
     80,
     0,
     80,
     240 * kGib,
     "MemAvailable",
     {"asimd", "asimddp"},
     {"avx2", "sve"},
     "",
     {}},
    {"vm-avx512-masked",
     "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz",
     4,
     4,
     0,
     4,
     14 * kGib,
     "MemAvailable",
     {"avx2", "fma"},
     {"avx512f", "avx512_vnni"},
     "KVM",
     {}},
    {"wsl2",
     "12th Gen Intel(R) Core(TM) i7-12700H",
     20,
     20,
     0,
     20,
     14 * kGib,
     "MemAvailable",
     {"avx2", "avx_vnni"},
     {"avx512f"},
     "WSL2 (Hyper-V)",
     {"NVIDIA GeForce RTX 3060 Laptop GPU"}},
    {"server-nvidia-denied",
     "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz",
     64,
     64,
     0,
     64,
     120 * kGib,
     "MemAvailable",
     {"avx512f"},
     {},
     "",
     {"NVIDIA GPU (PCI device 0x2330)"}},
    {"vm-h100",
     "Intel(R) Xeon(R) Platinum 8480+",
     26,
     26,
     0,
     26,
     210 * kGib,
     "MemAvailable",
     {"amx_bf16"},
     {},
     "KVM",
     {"NVIDIA H100 PCIe"}},
    {"desktop-amd-gpu",
     "AMD Ryzen 7 7700 8-Core Processor",
     16,
     16,
     0,
     16,
     6'000'000'000 - 12'288 * 1024,
     "RLIMIT_AS",
     {"avx512_bf16"},
     {"amx_tile"},
     "",
     {"AMD GPU (PCI device 0x744c)"}},
    {"nothing-readable", "unknown processor", 1, 1, 0, 1, 0, "", {}, {"avx2", "asimd"}, "", {}},
};

std::filesystem::path folder_of(const std::string& name) {
  return std::filesystem::path(test_data()) / "machines" / name;
}

class EveryMachine : public testing::TestWithParam<Expected> {
 protected:
  std::unique_ptr<Machine> machine_ = captured(folder_of(GetParam().folder));
};

TEST_P(EveryMachine, HasTheRightThreads) {
  const results::CpuBudget budget = cpu_budget(*machine_);
  EXPECT_EQ(processors(*machine_), GetParam().processors);
  EXPECT_EQ(budget.affinity, GetParam().affinity);
  EXPECT_EQ(budget.quota.value_or(0), GetParam().quota);
  EXPECT_EQ(budget.threads, GetParam().threads);
}

TEST_P(EveryMachine, HasTheRightMemory) {
  const MemoryBudget budget = memory_budget(*machine_);
  EXPECT_EQ(budget.limited_by, GetParam().limited_by);
  const uint64_t expected = GetParam().available_bytes;  // 0: captured, whatever it was
  if (expected > 0) {
    EXPECT_NEAR(static_cast<double>(budget.available_bytes), static_cast<double>(expected), 2e6);
  }
  EXPECT_LE(budget.available_bytes, budget.total_bytes);
}

TEST_P(EveryMachine, HasTheRightProcessor) {
  EXPECT_EQ(cpu_model(*machine_), GetParam().cpu);
  for (const std::string& feature : GetParam().has)
    EXPECT_TRUE(has_feature(*machine_, feature)) << feature;
  for (const std::string& feature : GetParam().lacks)
    EXPECT_FALSE(has_feature(*machine_, feature)) << feature;
  EXPECT_EQ(hypervisor(*machine_), GetParam().hypervisor);
}

TEST_P(EveryMachine, ShowsItsGpusAndWhyTheyAreNotUsed) {
  std::vector<std::string> names;
  for (const results::Gpu& gpu : gpus(*machine_)) {
    names.push_back(gpu.name);
    EXPECT_EQ(gpu.usable, gpu.reason.empty()) << gpu.reason;
  }
  EXPECT_EQ(names, GetParam().gpus);
}

TEST_P(EveryMachine, IsDescribedWithTheSameFingerprintTwice) {
  const results::Machine machine = describe(*machine_);
  EXPECT_FALSE(machine.id.empty());
  EXPECT_EQ(machine.id, describe(*machine_).id);
  EXPECT_EQ(machine.cpu, GetParam().cpu);
  EXPECT_EQ(machine.cpu_budget.threads, GetParam().threads);
}

std::string case_name(const testing::TestParamInfo<Expected>& row) {
  std::string name = row.param.folder;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

TEST_P(EveryMachine, IsCountedTheSameInEveryWay) {
  const results::Machine machine = describe(*machine_);
  if (machine.cores) {
    EXPECT_LE(*machine.cores, machine.processors);
    EXPECT_LE(*machine.sockets, *machine.cores);
    EXPECT_GE(*machine.cores * *arrangement(*machine_).threads_per_core, machine.processors);
  }
  size_t in_nodes = 0;
  for (const NumaNode& node : numa_nodes(*machine_)) in_nodes += node.processors.size();
  EXPECT_TRUE(in_nodes == 0 || in_nodes == static_cast<size_t>(machine.processors)) << in_nodes;
  uint64_t before = 0;
  for (const Cache& cache : caches(*machine_)) {
    EXPECT_GE(cache.bytes, before) << cache.name;
    before = cache.bytes;
  }
}

INSTANTIATE_TEST_SUITE_P(, EveryMachine, testing::ValuesIn(kMachines), case_name);

TEST(CapturedMachines, AreAllInTheTable) {
  std::set<std::string> listed, there;
  for (const Expected& row : kMachines) listed.insert(row.folder);
  for (const auto& entry : std::filesystem::directory_iterator(folder_of("")))
    if (entry.is_directory()) there.insert(entry.path().filename().string());
  EXPECT_EQ(listed, there);
}

TEST(CapturedMachines, HaveFingerprintsOfTheirOwn) {
  std::set<std::string> ids;
  for (const Expected& row : kMachines) ids.insert(describe(*captured(folder_of(row.folder))).id);
  EXPECT_EQ(ids.size(), std::size(kMachines));
}

TEST(Gpus, SayWhyEachKindIsNotUsed) {
  const auto reason = [](const std::string& name) {
    return gpus(*captured(folder_of(name))).at(0).reason;
  };
  EXPECT_EQ(reason("laptop-avx2"), "Intel GPUs are not supported yet");
  EXPECT_EQ(reason("desktop-amd-gpu"), "AMD GPUs are not supported yet");
  EXPECT_THAT(reason("server-nvidia-denied"), testing::HasSubstr("Permission denied"));
  EXPECT_THAT(reason("wsl2"), testing::HasSubstr("driver 572.83 supports CUDA 12.8"));
  EXPECT_EQ(reason("vm-h100"), "");
}

}  // namespace
}  // namespace nety::machine
