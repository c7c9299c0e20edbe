// What each probe says of machines where the answer is known.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>

#include "diag/diagnose.h"
#include "diag/probe.h"
#include "tests/diag/machines.h"
#include "tests/machine/fake_machine.h"

namespace nety::diag {
namespace {

using machine::FakeMachine;
using results::Finding;
using results::FindingStatus;
using ::testing::HasSubstr;

Finding find(const machine::Machine& machine, const std::string& id,
             const Subject* question = nullptr) {
  const Subject plain{.machine = machine};
  for (const Finding& finding : diagnose(question != nullptr ? *question : plain))
    if (finding.id == id) return finding;
  ADD_FAILURE() << "no finding " << id;
  return {};
}

struct Row {
  const char *machine, *id, *value;
  FindingStatus status;
};
std::ostream& operator<<(std::ostream& out, const Row& row) {
  return out << row.machine << " " << row.id;
}

constexpr auto kOk = FindingStatus::kOk, kWarn = FindingStatus::kWarn,
               kAbsent = FindingStatus::kAbsent, kUnknown = FindingStatus::kUnknown;

// clang-format off
const Row kRows[] = {
    {"dev-vm",               "cpu.topology", "1 socket(s), 2 core(s), 1 thread(s) per core", kOk},
    {"laptop-avx2",          "cpu.topology", "1 socket(s), 4 core(s), 2 thread(s) per core", kOk},
    {"server-amx-2-sockets", "cpu.topology", "2 socket(s), 112 core(s), 2 thread(s) per core", kOk},
    {"server-arm",           "cpu.topology", "1 socket(s), 80 core(s), 1 thread(s) per core", kOk},
    {"nothing-readable",     "cpu.topology", "cannot be told (denied)", kUnknown},
    {"server-amx-2-sockets", "cpu.numa",
     "2: node 0 with 112 processors and 273 GB; node 1 with 112 processors and 273 GB", kWarn},
    {"dev-vm",               "cpu.numa", "1: all memory is equally near", kOk},
    {"container-cgroup2",    "cpu.numa", "the kernel shows none", kAbsent},
    {"nothing-readable",     "cpu.numa", "cannot be told (denied)", kUnknown},
    {"laptop-avx2",          "cpu.caches",
     "L1d 32 KiB (shared by 2), L2 256 KiB (shared by 2), L3 6 MiB (shared by 8)", kOk},
    {"dev-vm",               "cpu.caches", "L1d 32 KiB, L2 1 MiB, L3 32 MiB (shared by 2)", kOk},
    {"vm-avx512-masked",     "cpu.caches", "L1d 48 KiB, L2 1.25 MiB, L3 48 MiB (shared by 4)", kOk},
    {"server-arm",           "cpu.frequency", "powersave, up to 3000 MHz", kWarn},
    {"laptop-avx2",          "cpu.frequency", "powersave, up to 3400 MHz", kOk},
    {"dev-vm",               "cpu.frequency", "not shown (a virtual machine, usually)", kAbsent},
    {"container-cgroup2",    "cpu.throttling", "30.0 % of the periods (1200 of 4000)", kWarn},
    {"pod-limited-by-parent","cpu.throttling", "40.0 % of the periods (40 of 100)", kWarn},
    {"container-cgroup1",    "cpu.throttling", "1.0 % of the periods (9 of 900)", kOk},
    {"server-arm",           "cpu.throttling", "no quota has been at work", kAbsent},
    {"server-amx-2-sockets", "cpu.counters", "instructions, cycles, misses of the last cache", kOk},
    {"laptop-avx2",          "cpu.counters", "instructions, cycles", kOk},
    {"vm-avx512-masked",     "cpu.counters", "not shown (a virtual machine, usually)", kAbsent},
    {"container-cgroup2",    "cpu.counters", "cannot be told (denied)", kUnknown},
    {"pod-limited-by-parent","cpu.load", "40.00 in the last minute, 48 processors", kWarn},
    {"laptop-avx2",          "cpu.load", "0.40 in the last minute, 8 processors", kOk},
    {"vm-avx512-masked",     "cpu.steal", "10.0 % since the system started", kWarn},
    {"laptop-avx2",          "cpu.steal", "0.0 % since the system started", kOk},
    {"nothing-readable",     "cpu.steal", "cannot be told (denied)", kUnknown},
    {"nothing-readable",     "memory.swap", "cannot be told (denied)", kUnknown},
    {"dev-vm",               "memory.swap", "none", kAbsent},
    {"container-cgroup1",    "memory.huge_pages", "never", kWarn},
    {"dev-vm",               "memory.huge_pages", "madvise", kOk},
    {"vm-avx512-masked",     "memory.overcommit", "never (what is promised must exist)", kWarn},
    {"container-cgroup2",    "memory.overcommit", "always (nothing is refused)", kOk},
    {"laptop-avx2",          "memory.lock", "66 kB", kOk},
    {"server-amx-2-sockets", "memory.lock", "none", kAbsent},
    {"container-cgroup2",    "container", "docker", kOk},
    {"container-cgroup1",    "container", "docker", kOk},
    {"pod-limited-by-parent","container", "kubernetes", kOk},
    {"laptop-avx2",          "container", "none seen", kAbsent},
    {"nothing-readable",     "container", "cannot be told (denied)", kUnknown},
    {"server-amx-2-sockets", "cpu.hwloc",
     "Package:2 [NUMANode(memory=273267294208)] L3Cache:1(size=110100480) L2Cache:56(size=2097152) "
     "L1dCache:1(size=49152) L1iCache:1(size=32768) Core:1 PU:2(indexes=2*112:1*112)", kOk},
    {"laptop-avx2",          "cpu.hwloc", "not asked: not captured", kAbsent},
    {"vm-h100",              "gpu.0", "NVIDIA H100 PCIe, compute capability 9.0", kOk},
    {"vm-h100",              "gpu.driver", "580.65.06, CUDA up to 13.0", kOk},
    {"vm-h100",              "gpu.0.memory", "84.3 GB free of 85.0 GB", kOk},
    {"vm-h100",              "gpu.0.pcie", "PCIe generation 4 x16 (at most 5 x16)", kOk},
    {"vm-h100",              "gpu.0.clocks", "345 of 1755 MHz, memory 1593 of 1593 MHz", kOk},
    {"wsl2",                 "gpu.driver", "572.83, CUDA up to 12.8", FindingStatus::kFail},
    {"wsl2",                 "gpu.0", "NVIDIA GeForce RTX 3060 Laptop GPU, compute capability 8.6", kWarn},
    {"server-nvidia-denied", "gpu.0", "NVIDIA GPU (PCI device 0x2330)", kWarn},
    {"desktop-amd-gpu",      "gpu.0", "AMD GPU (PCI device 0x744c)", kWarn},
};
// clang-format on

class KnownAnswer : public testing::TestWithParam<Row> {};

TEST_P(KnownAnswer, IsGiven) {
  const Finding finding = find(*captured_machine(GetParam().machine), GetParam().id);
  EXPECT_EQ(finding.value, GetParam().value);
  EXPECT_EQ(finding.status, GetParam().status);
}

INSTANTIATE_TEST_SUITE_P(, KnownAnswer, testing::ValuesIn(kRows), [](const auto& row) {
  std::string name = std::string(row.param.machine) + "_" + row.param.id;
  for (char& c : name)
    if (c == '-' || c == '.') c = '_';
  return name;
});

TEST(Probes, NameTheCpusetThatConfines) {
  FakeMachine machine;
  machine.files["/sys/devices/system/cpu/online"] = "0-15\n";
  machine.files["/proc/self/cgroup"] = "0::/\n";
  machine.files["/proc/self/mountinfo"] = "1 0 0:1 / /cg rw - cgroup2 cgroup2 rw\n";
  machine.files["/cg/cpuset.cpus.effective"] = "0-1,8\n";
  machine.processors_allowed = 16;
  EXPECT_EQ(find(machine, "cpu.budget").value, "3 of 16: cgroup cpuset");
}

TEST(Probes, SayThatTheSystemRefusesTiles) {
  class Refused : public FakeMachine {
   public:
    machine::Answer<machine::CpuidLeaf> cpuid(uint32_t leaf, uint32_t) const override {
      if (leaf == 0) return {machine::CpuidLeaf{7, 0, 0, 0}, ""};
      return {machine::CpuidLeaf{0, 0xffffffff, 0xffffffff, 0xffffffff}, ""};
    }
    machine::Answer<uint64_t> xgetbv() const override { return {0xffffffff, ""}; }
    machine::Answer<bool> tile_permission() const override { return {false, "denied"}; }
  };
  EXPECT_FALSE(machine::has_feature(Refused(), "amx_tile"));
  EXPECT_TRUE(machine::has_feature(Refused(), "avx512f"));
  EXPECT_THAT(find(Refused(), "cpu.features").consequence, HasSubstr("tiles (denied)"));
}

TEST(Probes, MeasureTheModelsFileSystemOnlyIfThereIsTime) {
  class Disk : public FakeMachine {
   public:
    machine::Answer<double> read_rate(const std::string& path, double) const override {
      return path == "/models/m.gguf" ? machine::Answer<double>{150e6, ""}
                                      : machine::Answer<double>{{}, "missing"};
    }
  };
  Disk machine;
  machine.files["/proc/self/mountinfo"] =
      "1 0 0:1 / / rw - ext4 /dev/a rw\n2 1 0:2 / /models rw - xfs /dev/b rw\n"
      "3 1 0:3 / /mod rw - nfs4 server:/ rw\n";
  EXPECT_EQ(find(machine, "disk.read").status, kAbsent);
  Subject subject{.machine = machine};
  subject.model_file = "/models/m.gguf";
  const Finding slow = find(machine, "disk.read", &subject);
  EXPECT_EQ(slow.value, "150 MB/s, xfs");
  EXPECT_EQ(slow.status, kWarn);
  EXPECT_EQ(slow.data, 150e6);
  subject.quick = true;
  EXPECT_EQ(find(machine, "disk.read", &subject).status, kAbsent);
  subject.quick = false;
  subject.model_file = "/elsewhere";
  EXPECT_EQ(find(machine, "disk.read", &subject).status, kUnknown);
}

TEST(Probes, WarnOfSwapInUse) {
  FakeMachine machine;
  machine.files["/proc/meminfo"] = "SwapTotal: 1000000 kB\nSwapFree: 100000 kB\n";
  EXPECT_EQ(find(machine, "memory.swap").value, "922 MB of 1.0 GB in use");
  EXPECT_EQ(find(machine, "memory.swap").status, kWarn);
}

FakeMachine with_gpu(const std::string& more) {
  FakeMachine machine;
  machine.drivers = {
      "nvml driver = 580.65.06\nnvml.0 address = 0000:01:00.0\nnvml.0 uuid = GPU-1\n"
      "cuda version = 13000\ncuda.0 name = X\ncuda.0 compute_capability = 9.0\n"
      "cuda.0 address = 0000:01:00.0\ncuda.0 free_bytes = 9000000000\n"
      "cuda.0 total_bytes = 10000000000\n" +
          more,
      ""};
  return machine;
}

TEST(GpuProbes, SayWhatIsUnknownAndWhy) {
  const FakeMachine machine = with_gpu(
      "nvml.0 power_limit_mw ? Insufficient Permissions\nnvml.0 processes ? Unknown Error\n"
      "nvml.0 mig ? Not Supported\n");
  EXPECT_EQ(find(machine, "gpu.0.power").status, kUnknown);
  EXPECT_EQ(find(machine, "gpu.0.power").value, "cannot be told (Insufficient Permissions)");
  EXPECT_EQ(find(machine, "gpu.0.processes").value, "cannot be told (Unknown Error)");
  for (const Finding& finding : diagnose(machine, Language::kEnglish))
    EXPECT_NE(finding.id, "gpu.0.mig") << "what a device does not have is not unknown";
}

TEST(GpuProbes, WarnOfWhatSlowsADeviceDown) {
  const FakeMachine machine = with_gpu(
      "nvml.0 power_limit_mw = 300000\nnvml.0 power_default_mw = 700000\nnvml.0 sm_clock_mhz = "
      "900\n"
      "nvml.0 throttle = 36\nnvml.0 processes = 3\nnvml.0 pcie_width = 4\n"
      "nvml.0 pcie_width_max = 16\nnvml.0 ecc = 1\nnvml.0 ecc_uncorrected = 2\n");
  EXPECT_EQ(find(machine, "gpu.0.power").value, "300 W (default 700 W)");
  EXPECT_EQ(find(machine, "gpu.0.power").status, kWarn);
  EXPECT_THAT(find(machine, "gpu.0.clocks").consequence, HasSubstr("power cap, temperature"));
  EXPECT_EQ(find(machine, "gpu.0.processes").status, kWarn);
  EXPECT_EQ(find(machine, "gpu.0.pcie").status, kWarn);
  EXPECT_EQ(find(machine, "gpu.0.ecc").status, FindingStatus::kFail);
}

TEST(GpuProbes, NameInFrenchWhatHoldsTheClocksDown) {
  const FakeMachine machine = with_gpu("nvml.0 sm_clock_mhz = 900\nnvml.0 throttle = 510\n");
  const Subject french{.machine = machine, .language = Language::kFrench};
  const std::string said = find(machine, "gpu.0.clocks", &french).consequence;
  EXPECT_THAT(said, HasSubstr("plafond de puissance, ralentissement matériel"));
  const results::Gpu gpu = machine::gpus(machine).at(0);
  for (const std::string& reason : gpu.throttle)
    EXPECT_EQ(said.find(reason), std::string::npos) << reason;
}

TEST(GpuProbes, SayThatAUsableDeviceIsLeftIdleWhereNothingComputesOnIt) {
  const FakeMachine machine = with_gpu("");
  Subject subject{.machine = machine};
  EXPECT_THAT(find(machine, "gpu.0", &subject).consequence, HasSubstr("left idle"));
  subject.gpu_backend = true;
  EXPECT_EQ(find(machine, "gpu.0", &subject).consequence, "");
}

TEST(GpuProbes, NameTheLibraryThatAUsedDeviceWouldBeFasterWith) {
  const FakeMachine machine = with_gpu("");
  Subject subject{.machine = machine};
  subject.gpu_lacks = {"libcublas.so.13"};
  EXPECT_EQ(probes::gpu(subject).size(), 1U);  // an idle device needs none
  subject.gpu_backend = true;
  const Finding finding = find(machine, "gpu.libraries", &subject);
  EXPECT_EQ(finding.status, kWarn);
  EXPECT_EQ(finding.value, "libcublas.so.13 is missing");
  EXPECT_THAT(finding.consequence, HasSubstr("own tiles"));
  EXPECT_THAT(finding.remedy, HasSubstr("CUDA_HOME"));
}

TEST(GpuProbes, TellALibraryThatFailedFromADeviceThatIsNotThere) {
  FakeMachine machine;
  machine.drivers = {"process nvml ? ended by SIGSEGV (Segmentation fault), in nvmlInit_v2\n", ""};
  const Finding finding = find(machine, "gpu.driver.nvml");
  EXPECT_EQ(finding.status, FindingStatus::kFail);
  EXPECT_THAT(finding.value, HasSubstr("in nvmlInit_v2"));
  EXPECT_EQ(find(machine, "gpu").status, kAbsent);
}

}  // namespace
}  // namespace nety::diag
