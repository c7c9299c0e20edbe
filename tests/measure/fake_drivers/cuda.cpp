// A libcuda.so.1 with the functions that are asked, and their types as in the driver API reference.
#include <cstddef>
#include <cstdio>

#include "tests/measure/fake_drivers/scenario.h"

namespace {

using nety::fake::scenario;

constexpr int kOk = 0, kNotPermitted = 800, kInvalid = 1, kNoDevice = 100;

}  // namespace

NETY_EXPORT int cuInit(unsigned) {
  std::puts("a library that prints where it should not");
  nety::fake::fail_if_asked("cuda");
  return scenario().device == nullptr ? kNoDevice : kOk;
}
NETY_EXPORT int cuDriverGetVersion(int* version) {
  *version = scenario().cuda;
  return kOk;
}
NETY_EXPORT int cuDeviceGetCount(int* count) {
  *count = scenario().device == nullptr ? 0 : 1;
  return kOk;
}
NETY_EXPORT int cuDeviceGet(int* device, int ordinal) {
  *device = ordinal;
  return ordinal == 0 ? kOk : kInvalid;
}
NETY_EXPORT int cuDeviceGetName(char* name, int size, int) {
  std::snprintf(name, static_cast<size_t>(size), "%s", scenario().device);
  return kOk;
}
NETY_EXPORT int cuDeviceGetAttribute(int* value, int attribute, int) {
  if (attribute == 75) *value = scenario().major;
  if (attribute == 76) *value = scenario().minor;
  return attribute == 75 || attribute == 76 ? kOk : kInvalid;
}
NETY_EXPORT int cuDeviceGetUuid_v2(unsigned char* uuid, int) {
  for (int i = 0; i < 16; ++i) uuid[i] = static_cast<unsigned char>(scenario().mig ? 0xa0 + i : i);
  return kOk;
}
NETY_EXPORT int cuDeviceGetPCIBusId(char* id, int size, int) {
  std::snprintf(id, static_cast<size_t>(size), "0000:C1:00.0");
  return kOk;
}
NETY_EXPORT int cuDeviceTotalMem_v2(size_t* bytes, int) {
  *bytes = scenario().total;
  return kOk;
}
NETY_EXPORT int cuDevicePrimaryCtxRetain(void** context, int) {
  *context = context;
  return kOk;
}
NETY_EXPORT int cuDevicePrimaryCtxRelease_v2(int) { return kOk; }
NETY_EXPORT int cuCtxSetCurrent(void*) { return kOk; }
NETY_EXPORT int cuMemGetInfo_v2(size_t* free, size_t* total) {
  if (scenario().denied) return kNotPermitted;
  *free = scenario().free;
  *total = scenario().total;
  return kOk;
}
NETY_EXPORT int cuGetErrorName(int code, const char** name) {
  *name = code == kNotPermitted ? "CUDA_ERROR_NOT_PERMITTED"
          : code == kNoDevice   ? "CUDA_ERROR_NO_DEVICE"
                                : "CUDA_ERROR_INVALID_VALUE";
  return kOk;
}
NETY_EXPORT int cuGetErrorString(int code, const char** text) {
  *text = code == kNotPermitted ? "operation not permitted"
          : code == kNoDevice   ? "no CUDA-capable device is detected"
                                : "invalid argument";
  return kOk;
}
