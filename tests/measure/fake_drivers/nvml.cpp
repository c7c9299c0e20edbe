// A libnvidia-ml.so.1 with the functions that are asked, and their types as in the NVML reference.
#include <cstddef>
#include <cstdio>

#include "tests/measure/fake_drivers/scenario.h"

namespace {

using nety::fake::scenario;

constexpr int kOk = 0, kNotSupported = 3, kNoPermission = 4, kInsufficientSize = 7;

struct Pci {
  char legacy_id[16];
  unsigned domain, bus, device, pci_device_id, pci_subsystem_id;
  char id[32];
};

int answer(unsigned* value, unsigned what) {
  if (scenario().denied) return kNoPermission;
  *value = what;
  return kOk;
}

}  // namespace

NETY_EXPORT const char* nvmlErrorString(int code) {
  if (code == kNoPermission) return "Insufficient Permissions";
  return code == kNotSupported ? "Not Supported" : "Unknown Error";
}
NETY_EXPORT int nvmlInit_v2() {
  nety::fake::fail_if_asked("nvml");
  return kOk;
}
NETY_EXPORT int nvmlShutdown() { return kOk; }
NETY_EXPORT int nvmlSystemGetDriverVersion(char* text, unsigned size) {
  std::snprintf(text, size, "%s", scenario().driver);
  return kOk;
}
NETY_EXPORT int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = scenario().device == nullptr ? 0 : 1;
  return kOk;
}
NETY_EXPORT int nvmlDeviceGetHandleByIndex_v2(unsigned, void** device) {
  *device = device;
  return kOk;
}
NETY_EXPORT int nvmlDeviceGetName(void*, char* text, unsigned size) {
  std::snprintf(text, size, "%s", scenario().mig ? "NVIDIA H100 80GB HBM3" : scenario().device);
  return kOk;
}
NETY_EXPORT int nvmlDeviceGetUUID(void*, char* text, unsigned size) {
  std::snprintf(text, size, "GPU-00010203-0405-0607-0809-0a0b0c0d0e0f");
  return kOk;
}
NETY_EXPORT int nvmlDeviceGetPciInfo_v3(void*, Pci* pci) {
  pci->domain = 0;
  pci->bus = 0xc1;
  pci->device = 0;
  return kOk;
}
NETY_EXPORT int nvmlDeviceGetMemoryInfo(void*, unsigned long long* memory) {
  if (scenario().denied) return kNoPermission;
  // Of the whole device, also where CUDA sees a slice of it.
  memory[0] = scenario().mig ? 80 * nety::fake::kGib : scenario().total;
  memory[1] = scenario().mig ? 60 * nety::fake::kGib : scenario().free;
  memory[2] = memory[0] - memory[1];
  return kOk;
}
NETY_EXPORT int nvmlDeviceGetCudaComputeCapability(void*, int* major, int* minor) {
  *major = scenario().major;
  *minor = scenario().minor;
  return kOk;
}
NETY_EXPORT int nvmlDeviceGetMigMode(void*, unsigned* now, unsigned* later) {
  if (scenario().major < 8) return kNotSupported;
  *later = scenario().mig ? 1 : 0;
  return answer(now, *later);
}
NETY_EXPORT int nvmlDeviceGetEccMode(void*, unsigned* now, unsigned* later) {
  if (scenario().major < 7) return kNotSupported;
  *later = 1;
  return answer(now, 1);
}
NETY_EXPORT int nvmlDeviceGetTotalEccErrors(void*, int, int, unsigned long long* count) {
  *count = 0;
  return scenario().denied ? kNoPermission : kOk;
}
NETY_EXPORT int nvmlDeviceGetEnforcedPowerLimit(void*, unsigned* milliwatts) {
  return answer(milliwatts, 350'000);
}
NETY_EXPORT int nvmlDeviceGetPowerManagementDefaultLimit(void*, unsigned* milliwatts) {
  return answer(milliwatts, 700'000);
}
NETY_EXPORT int nvmlDeviceGetCurrPcieLinkGeneration(void*, unsigned* v) { return answer(v, 1); }
NETY_EXPORT int nvmlDeviceGetMaxPcieLinkGeneration(void*, unsigned* v) { return answer(v, 5); }
NETY_EXPORT int nvmlDeviceGetCurrPcieLinkWidth(void*, unsigned* v) { return answer(v, 8); }
NETY_EXPORT int nvmlDeviceGetMaxPcieLinkWidth(void*, unsigned* v) { return answer(v, 16); }
NETY_EXPORT int nvmlDeviceGetPersistenceMode(void*, unsigned* v) { return answer(v, 0); }
NETY_EXPORT int nvmlDeviceGetClockInfo(void*, unsigned kind, unsigned* mhz) {
  return answer(mhz, kind == 1 ? 1200 : 2619);
}
NETY_EXPORT int nvmlDeviceGetMaxClockInfo(void*, unsigned kind, unsigned* mhz) {
  return answer(mhz, kind == 1 ? 1980 : 2619);
}
NETY_EXPORT int nvmlDeviceGetCurrentClocksThrottleReasons(void*, unsigned long long* bits) {
  *bits = 0x4 | 0x1;
  return scenario().denied ? kNoPermission : kOk;
}
NETY_EXPORT int nvmlDeviceGetComputeRunningProcesses_v3(void*, unsigned* count, void*) {
  if (scenario().denied) return kNoPermission;
  *count = 2;
  return kInsufficientSize;
}
