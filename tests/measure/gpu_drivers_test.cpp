// The driver libraries are asked for real, in processes of their own; the libraries are fakes.
#include "core/measure/gpu_drivers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/machine/gpu.h"
#include "core/machine/gpu_drivers.h"
#include "tests/machine/fake_machine.h"
#include "tests/paths.h"

namespace nety::measure {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr uint64_t kGib = uint64_t{1} << 30;
constexpr double kPatience = 60;  // s; only a call that hangs is waited for, and that less

/// A machine whose drivers are the fakes of `scenario`; empty: it has none.
machine::FakeMachine with_drivers(const std::string& scenario, double limit_s = kPatience) {
  const std::string folder =
      build_directory() + (scenario.empty() ? "/no-such-folder" : "/fake_drivers");
  machine::FakeMachine machine;
  machine.drivers = ask_gpu_drivers({{build_directory() + "/nety", "drivers"},
                                     {{"LD_LIBRARY_PATH", folder}, {"NETY_FAKE_DRIVER", scenario}}},
                                    limit_s);
  return machine;
}

/// As if the kernel's driver had found a device there.
machine::FakeMachine with_device(machine::FakeMachine machine) {
  machine.files["/sys/bus/pci/devices/0000:c1:00.0/class"] = "0x030200\n";
  machine.files["/sys/bus/pci/devices/0000:c1:00.0/vendor"] = "0x10de\n";
  machine.files["/sys/bus/pci/devices/0000:c1:00.0/device"] = "0x2330\n";
  return machine;
}

results::Gpu only_gpu(const machine::Machine& machine) {
  const std::vector<results::Gpu> found = machine::gpus(machine);
  EXPECT_EQ(found.size(), 1U);
  return found.empty() ? results::Gpu{} : found[0];
}

TEST(GpuDrivers, OfAnH100SayAllThereIsToKnow) {
  const results::Gpu gpu = only_gpu(with_device(with_drivers("h100")));
  EXPECT_TRUE(gpu.usable) << gpu.reason;
  EXPECT_EQ(gpu.name, "NVIDIA H100 80GB HBM3");
  EXPECT_EQ(gpu.address, "0000:c1:00.0");
  EXPECT_EQ(gpu.uuid, "GPU-00010203-0405-0607-0809-0a0b0c0d0e0f");
  EXPECT_EQ(gpu.compute_capability, "9.0");
  EXPECT_EQ(gpu.total_bytes, 79 * kGib);
  EXPECT_EQ(gpu.free_bytes, 78 * kGib);
  EXPECT_EQ(gpu.driver, "580.65.06");
  EXPECT_EQ(gpu.cuda, "13.0");
  EXPECT_EQ(gpu.mig, false);
  EXPECT_EQ(gpu.ecc, true);
  EXPECT_EQ(gpu.ecc_uncorrected, 0U);
  EXPECT_EQ(gpu.persistence, false);
  EXPECT_EQ(gpu.power_limit_w, 350);
  EXPECT_EQ(gpu.power_default_w, 700);
  EXPECT_EQ(gpu.sm_clock_mhz, 1200);
  EXPECT_EQ(gpu.sm_clock_max_mhz, 1980);
  EXPECT_EQ(gpu.memory_clock_mhz, 2619);
  EXPECT_EQ(gpu.throttle, std::vector<std::string>{"power cap"});
  EXPECT_EQ(gpu.processes, 2);
  EXPECT_EQ(gpu.pcie_generation, 1);
  EXPECT_EQ(gpu.pcie_generation_max, 5);
  EXPECT_EQ(gpu.pcie_width, 8);
  EXPECT_EQ(gpu.pcie_width_max, 16);
  EXPECT_THAT(gpu.unknown, IsEmpty());
}

TEST(GpuDrivers, ShowADeviceThatNoFileShows) { EXPECT_TRUE(only_gpu(with_drivers("h100")).usable); }

TEST(GpuDrivers, GiveTheMemoryOfTheSliceAndNotOfTheWholeDevice) {
  const results::Gpu gpu = only_gpu(with_device(with_drivers("mig")));
  EXPECT_TRUE(gpu.usable) << gpu.reason;
  EXPECT_EQ(gpu.total_bytes, 10 * kGib);
  EXPECT_EQ(gpu.free_bytes, 9 * kGib);
  EXPECT_EQ(gpu.mig, true);
  EXPECT_THAT(gpu.uuid, testing::StartsWith("MIG-a0a1a2a3"));
}

TEST(GpuDrivers, ThatAreTooOldForCuda13AreNamedWithWhatIsNeeded) {
  const results::Gpu gpu = only_gpu(with_device(with_drivers("old-driver")));
  EXPECT_FALSE(gpu.usable);
  EXPECT_EQ(
      gpu.reason,
      "its driver 550.54.14 supports CUDA 12.4, and CUDA 13.0 is needed (driver 580 or later)");
  EXPECT_EQ(gpu.compute_capability, "8.6");
}

TEST(GpuDrivers, OfADeviceThatCuda13HasDroppedAreNoUse) {
  const results::Gpu gpu = only_gpu(with_device(with_drivers("maxwell")));
  EXPECT_FALSE(gpu.usable);
  EXPECT_THAT(gpu.reason, HasSubstr("compute capability 5.2 is below 7.5"));
  EXPECT_FALSE(gpu.mig);
  EXPECT_FALSE(gpu.unknown.contains("mig")) << "it has no slices: nothing is unknown";
  EXPECT_TRUE(only_gpu(with_drivers("turing")).usable);
}

TEST(GpuDrivers, ThatRefuseLeaveTheReasonAndNotZero) {
  const results::Gpu gpu = only_gpu(with_device(with_drivers("denied")));
  EXPECT_TRUE(gpu.usable) << gpu.reason;
  EXPECT_EQ(gpu.total_bytes, 79 * kGib);
  EXPECT_FALSE(gpu.free_bytes);
  EXPECT_EQ(gpu.unknown.at("free_bytes"), "CUDA_ERROR_NOT_PERMITTED (operation not permitted)");
  EXPECT_FALSE(gpu.power_limit_w);
  EXPECT_FALSE(gpu.processes);
  for (const char* field : {"mig", "ecc", "power_limit_w", "sm_clock_mhz", "throttle", "processes",
                            "pcie_width", "persistence"})
    EXPECT_EQ(gpu.unknown.at(field), "Insufficient Permissions") << field;
}

TEST(GpuDrivers, ThatAreNotThereMakeNoGpu) {
  EXPECT_THAT(machine::gpus(with_drivers("")), IsEmpty());
  const results::Gpu gpu = only_gpu(with_device(with_drivers("")));
  EXPECT_FALSE(gpu.usable);
  EXPECT_THAT(gpu.reason, HasSubstr("does not load: libcuda.so.1"));
}

TEST(GpuDrivers, ThatHangAreGivenUpAndTheCallIsNamed) {
  const machine::FakeMachine machine = with_device(with_drivers("cuda-hangs", 0.5));
  const results::Gpu gpu = only_gpu(machine);
  EXPECT_FALSE(gpu.usable);
  EXPECT_EQ(gpu.reason, "the driver library failed: silent for more than 0.5 s, killed, in cuInit");
  EXPECT_EQ(gpu.power_limit_w, 350) << "NVML was asked apart and is well";
}

TEST(GpuDrivers, ThatCrashTakeOnlyTheirAnswerWithThem) {
  const results::Gpu gpu = only_gpu(with_device(with_drivers("cuda-crashes")));
  EXPECT_FALSE(gpu.usable);
  EXPECT_THAT(gpu.reason, HasSubstr("SIGSEGV"));
  EXPECT_THAT(gpu.reason, HasSubstr("in cuInit"));
  const results::Gpu half = only_gpu(with_device(with_drivers("nvml-crashes")));
  EXPECT_TRUE(half.usable) << half.reason;
  EXPECT_EQ(half.free_bytes, 78 * kGib);
  EXPECT_FALSE(half.power_limit_w);
}

TEST(GpuDrivers, ThatEndTheProcessAreNoAnswer) {
  EXPECT_THAT(only_gpu(with_device(with_drivers("cuda-exits"))).reason,
              HasSubstr("exit code 3, in cuInit"));
}

TEST(GpuDrivers, MayPrintWhateverTheyLike) {
  EXPECT_THAT(*with_drivers("h100").drivers.value, testing::Not(HasSubstr("should not")));
}

TEST(GpuDrivers, AreLostWithTheProgramThatAsksThem) {
  machine::FakeMachine machine;
  machine.drivers = ask_gpu_drivers({{build_directory() + "/no-such-program"}, {}}, kPatience);
  EXPECT_THAT(only_gpu(with_device(machine)).reason, HasSubstr("cannot be started"));
}

}  // namespace
}  // namespace nety::measure
