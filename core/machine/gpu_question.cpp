// The questions. Functions and constants are those of NVIDIA's driver API and NVML references; all
// take and give plain C types, so neither header is needed.
#include <dlfcn.h>
#include <fmt/core.h>

#include <array>

#include "core/machine/gpu_drivers.h"
#include "core/machine/text.h"

namespace nety::machine {
namespace {

using Line = std::function<void(const std::string&)>;

/// A driver library: its functions are called by name, and every failure has its words.
class Library {
 public:
  using Words = std::string (*)(void* library, int code);

  Library(const char* soname, std::string section, Words words, const Line& line)
      : line_(line), section_(std::move(section)), words_(words) {
    line_(std::string("at dlopen ") + soname);
    handle_ = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
    if (handle_ != nullptr) return;
    const char* why = dlerror();
    refuse("", "load", why != nullptr ? why : "cannot be loaded");
  }
  bool loaded() const { return handle_ != nullptr; }

  /// Why the call failed; nothing if it did not.
  template <class... Arguments>
  std::optional<std::string> call(const char* name, Arguments... arguments) const {
    line_(std::string("at ") + name);
    using Function = int(Arguments...);
    auto* function = reinterpret_cast<Function*>(dlsym(handle_, name));
    if (function == nullptr) return std::string("the library has no ") + name;
    const int code = function(arguments...);
    if (code == 0) return std::nullopt;
    return words_(handle_, code);
  }

  void say(const std::string& device, const char* key, const std::string& value) const {
    line_(section_ + device + " " + key + " = " + single_spaced(value));
  }
  void refuse(const std::string& device, const char* key, const std::string& reason) const {
    line_(section_ + device + " " + key + " ? " + single_spaced(reason));
  }
  /// Says the value, or why there is none.
  template <class T>
  void tell(const std::string& device, const char* key, const std::optional<std::string>& failure,
            const T& value) const {
    if (failure)
      refuse(device, key, *failure);
    else
      say(device, key, fmt::format("{}", value));
  }

 private:
  Line line_;
  std::string section_;
  Words words_;
  void* handle_ = nullptr;
};

// ---- NVML ---------------------------------------------------------------------------------------

struct NvmlDevice;  // opaque
struct NvmlPci {
  char legacy_id[16];
  unsigned domain, bus, device, pci_device_id, pci_subsystem_id;
  char id[32];
};

std::string nvml_words(void* library, int code) {
  auto* words = reinterpret_cast<const char* (*)(int)>(dlsym(library, "nvmlErrorString"));
  const char* text = words != nullptr ? words(code) : nullptr;
  return text != nullptr ? text : fmt::format("NVML error {}", code);
}

struct NvmlNumber {
  const char *key, *function;
};
// Functions of the form f(device, unsigned* value).
constexpr NvmlNumber kNvmlNumbers[] = {
    {"power_limit_mw", "nvmlDeviceGetEnforcedPowerLimit"},
    {"power_default_mw", "nvmlDeviceGetPowerManagementDefaultLimit"},
    {"pcie_generation", "nvmlDeviceGetCurrPcieLinkGeneration"},
    {"pcie_generation_max", "nvmlDeviceGetMaxPcieLinkGeneration"},
    {"pcie_width", "nvmlDeviceGetCurrPcieLinkWidth"},
    {"pcie_width_max", "nvmlDeviceGetMaxPcieLinkWidth"},
    {"persistence", "nvmlDeviceGetPersistenceMode"},
};
struct NvmlClock {
  const char *key, *function;
  unsigned kind;  // NVML_CLOCK_SM, NVML_CLOCK_MEM
};
constexpr NvmlClock kNvmlClocks[] = {
    {"sm_clock_mhz", "nvmlDeviceGetClockInfo", 1},
    {"sm_clock_max_mhz", "nvmlDeviceGetMaxClockInfo", 1},
    {"memory_clock_mhz", "nvmlDeviceGetClockInfo", 2},
    {"memory_clock_max_mhz", "nvmlDeviceGetMaxClockInfo", 2},
};

void ask_nvml_device(const Library& nvml, const std::string& name, NvmlDevice* device) {
  std::array<char, 128> text{};
  const auto size = static_cast<unsigned>(text.size());
  auto failed = nvml.call("nvmlDeviceGetName", device, text.data(), size);
  nvml.tell(name, "name", failed, text.data());
  text.fill(0);
  failed = nvml.call("nvmlDeviceGetUUID", device, text.data(), size);
  nvml.tell(name, "uuid", failed, text.data());
  NvmlPci pci{};
  failed = nvml.call("nvmlDeviceGetPciInfo_v3", device, &pci);
  nvml.tell(name, "address", failed,
            fmt::format("{:04x}:{:02x}:{:02x}.0", pci.domain, pci.bus, pci.device));
  std::array<unsigned long long, 3> memory{};  // total, free, used
  failed = nvml.call("nvmlDeviceGetMemoryInfo", device, memory.data());
  nvml.tell(name, "total_bytes", failed, memory[0]);
  nvml.tell(name, "free_bytes", failed, memory[1]);
  int major = 0;
  int minor = 0;
  failed = nvml.call("nvmlDeviceGetCudaComputeCapability", device, &major, &minor);
  nvml.tell(name, "compute_capability", failed, fmt::format("{}.{}", major, minor));
  unsigned now = 0;
  unsigned later = 0;
  failed = nvml.call("nvmlDeviceGetMigMode", device, &now, &later);
  nvml.tell(name, "mig", failed, now);
  failed = nvml.call("nvmlDeviceGetEccMode", device, &now, &later);
  nvml.tell(name, "ecc", failed, now);
  unsigned long long count = 0;
  failed = nvml.call("nvmlDeviceGetTotalEccErrors", device, 1, 0, &count);  // uncorrected, volatile
  nvml.tell(name, "ecc_uncorrected", failed, count);
  for (const NvmlNumber& number : kNvmlNumbers) {
    failed = nvml.call(number.function, device, &now);
    nvml.tell(name, number.key, failed, now);
  }
  for (const NvmlClock& clock : kNvmlClocks) {
    failed = nvml.call(clock.function, device, clock.kind, &now);
    nvml.tell(name, clock.key, failed, now);
  }
  failed = nvml.call("nvmlDeviceGetCurrentClocksThrottleReasons", device, &count);
  nvml.tell(name, "throttle", failed, count);
  // Without room for the list it answers "insufficient size", and how many there are.
  unsigned processes = 0;
  failed = nvml.call("nvmlDeviceGetComputeRunningProcesses_v3", device, &processes,
                     static_cast<void*>(nullptr));
  if (processes > 0) failed.reset();
  nvml.tell(name, "processes", failed, processes);
}

void ask_nvml(const Line& line) {
  const Library nvml(kNvmlLibrary, "nvml", nvml_words, line);
  if (!nvml.loaded()) return;
  if (const auto failed = nvml.call("nvmlInit_v2")) {
    nvml.refuse("", "init", *failed);
    return;
  }
  nvml.say("", "init", "ok");
  std::array<char, 96> text{};
  auto failed =
      nvml.call("nvmlSystemGetDriverVersion", text.data(), static_cast<unsigned>(text.size()));
  nvml.tell("", "driver", failed, text.data());
  unsigned count = 0;
  failed = nvml.call("nvmlDeviceGetCount_v2", &count);
  nvml.tell("", "devices", failed, count);
  for (unsigned i = 0; i < count && i < 64; ++i) {
    const std::string name = fmt::format(".{}", i);
    NvmlDevice* device = nullptr;
    failed = nvml.call("nvmlDeviceGetHandleByIndex_v2", i, &device);
    if (failed)
      nvml.refuse(name, "handle", *failed);
    else
      ask_nvml_device(nvml, name, device);
  }
  nvml.call("nvmlShutdown");
}

// ---- CUDA ---------------------------------------------------------------------------------------

struct CudaContext;  // opaque

std::string cuda_words(void* library, int code) {
  const auto word = [&](const char* function) {
    auto* ask = reinterpret_cast<int (*)(int, const char**)>(dlsym(library, function));
    const char* text = nullptr;
    if (ask == nullptr || ask(code, &text) != 0 || text == nullptr) return std::string();
    return std::string(text);
  };
  const std::string name = word("cuGetErrorName"), text = word("cuGetErrorString");
  if (name.empty()) return fmt::format("CUDA error {}", code);
  return text.empty() ? name : name + " (" + text + ")";
}

/// Memory as CUDA sees it: of a MIG slice, the slice's. It takes a context, which takes some.
void ask_cuda_memory(const Library& cuda, const std::string& name, int device) {
  CudaContext* context = nullptr;
  auto failed = cuda.call("cuDevicePrimaryCtxRetain", &context, device);
  size_t free = 0;
  size_t total = 0;
  if (!failed) {
    cuda.say(name, "context", "ok");
    failed = cuda.call("cuCtxSetCurrent", context);
    if (!failed) failed = cuda.call("cuMemGetInfo_v2", &free, &total);
    cuda.tell(name, "free_bytes", failed, free);
    if (!failed) cuda.say(name, "total_bytes", std::to_string(total));
    cuda.call("cuDevicePrimaryCtxRelease_v2", device);
  } else {
    cuda.refuse(name, "context", *failed);
    cuda.refuse(name, "free_bytes", *failed);
  }
  if (!failed) return;
  failed = cuda.call("cuDeviceTotalMem_v2", &total, device);
  cuda.tell(name, "total_bytes", failed, total);
}

void ask_cuda_device(const Library& cuda, const std::string& name, int device) {
  std::array<char, 128> text{};
  auto failed = cuda.call("cuDeviceGetName", text.data(), static_cast<int>(text.size()), device);
  cuda.tell(name, "name", failed, text.data());
  int major = 0;
  int minor = 0;
  failed = cuda.call("cuDeviceGetAttribute", &major, 75, device);
  if (!failed) failed = cuda.call("cuDeviceGetAttribute", &minor, 76, device);
  cuda.tell(name, "compute_capability", failed, fmt::format("{}.{}", major, minor));
  std::array<unsigned char, 16> uuid{};
  failed = cuda.call("cuDeviceGetUuid_v2", uuid.data(), device);
  std::string hex;
  for (size_t i = 0; i < uuid.size(); ++i)
    hex += fmt::format("{}{:02x}", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
  cuda.tell(name, "uuid", failed, hex);
  text.fill(0);
  failed = cuda.call("cuDeviceGetPCIBusId", text.data(), static_cast<int>(text.size()), device);
  cuda.tell(name, "address", failed, text.data());
  ask_cuda_memory(cuda, name, device);
}

void ask_cuda(const Line& line) {
  const Library cuda(kCudaLibrary, "cuda", cuda_words, line);
  if (!cuda.loaded()) return;
  int version = 0;
  auto failed = cuda.call("cuDriverGetVersion", &version);
  cuda.tell("", "version", failed, version);
  if (failed = cuda.call("cuInit", 0U); failed) {
    cuda.refuse("", "init", *failed);
    return;
  }
  cuda.say("", "init", "ok");
  int count = 0;
  failed = cuda.call("cuDeviceGetCount", &count);
  cuda.tell("", "devices", failed, count);
  for (int i = 0; i < count && i < 64; ++i) {
    const std::string name = fmt::format(".{}", i);
    int device = 0;
    failed = cuda.call("cuDeviceGet", &device, i);
    if (failed)
      cuda.refuse(name, "handle", *failed);
    else
      ask_cuda_device(cuda, name, device);
  }
}

}  // namespace

bool question_gpu_driver(std::string_view name,
                         const std::function<void(const std::string&)>& line) {
  if (name == "nvml")
    ask_nvml(line);
  else if (name == "cuda")
    ask_cuda(line);
  else
    return false;
  line("at the end");
  return true;
}

}  // namespace nety::machine
