// Which GPUs there are: what the driver libraries say, and what the small files of the system say
// where they do not.
#include "core/machine/gpu.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <type_traits>

#include "core/machine/gpu_drivers.h"
#include "core/machine/messages.h"
#include "core/machine/text.h"

namespace nety::machine {
namespace {

struct Vendor {
  std::string_view id, name;
};
constexpr Vendor kVendors[] = {{"0x10de", "NVIDIA"}, {"0x1002", "AMD"}, {"0x8086", "Intel"}};
constexpr std::string_view kNvidiaGpus = "/proc/driver/nvidia/gpus";
constexpr std::string_view kWslLibraries = "/usr/lib/wsl/lib";
constexpr std::string_view kNotThere = "Not Supported";  // NVML, of what a device does not have

/// Display controllers (class 0x03), and AMD's compute cards, which call themselves processing
/// accelerators (class 0x12).
bool is_gpu(std::string_view device_class, std::string_view vendor) {
  return device_class.starts_with("0x03") || (device_class.starts_with("0x12") && vendor == "AMD");
}

std::string text_of(const Machine& machine, const std::string& path) {
  return std::string(trimmed(machine.read(path).value.value_or("")));
}

/// GPUs on the PCI bus by address, "0000:01:00.0".
std::map<std::string, results::Gpu> on_pci(const Machine& machine) {
  const std::string bus = "/sys/bus/pci/devices";
  std::map<std::string, results::Gpu> found;
  for (const std::string& address : machine.list(bus).value.value_or(std::vector<std::string>{})) {
    const std::string folder = bus + "/" + address;
    const std::string id = text_of(machine, folder + "/vendor");
    for (const Vendor& vendor : kVendors) {
      if (vendor.id != id || !is_gpu(text_of(machine, folder + "/class"), vendor.name)) continue;
      results::Gpu& gpu = found[address];
      gpu.vendor = vendor.name;
      gpu.address = address;
      gpu.name = gpu.vendor + " GPU (PCI device " + text_of(machine, folder + "/device") + ")";
    }
  }
  return found;
}

/// Adds what NVIDIA's kernel driver knows: devices that sysfs hides, and names.
void add_nvidia(const Machine& machine, std::map<std::string, results::Gpu>& found) {
  const std::string folder(kNvidiaGpus);
  for (const std::string& address :
       machine.list(folder).value.value_or(std::vector<std::string>{})) {
    results::Gpu& gpu = found[address];
    gpu.vendor = "NVIDIA";
    gpu.address = address;
    const std::string name =
        value_of(machine.read(folder + "/" + address + "/information"), "Model", ':');
    if (!name.empty()) gpu.name = name;
    if (gpu.name.empty()) gpu.name = "NVIDIA GPU at " + address;
  }
  // WSL2 shows the host's GPU through its own library folder, not on the PCI bus.
  if (!found.empty()) return;
  for (const std::string& name :
       machine.list(std::string(kWslLibraries)).value.value_or(std::vector<std::string>{})) {
    if (name == kCudaLibrary) {
      found["wsl"].vendor = "NVIDIA";
      found["wsl"].name = "NVIDIA GPU of the Windows host";
    }
  }
}

/// "13.0" of 13000.
std::string version_text(uint64_t version) {
  return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

/// The number of a version or a compute capability, "9.0" as 90; nothing if it is neither.
std::optional<int> tenfold(std::string_view text) {
  const size_t dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto major = number_in(text.substr(0, dot)), minor = number_in(text.substr(dot + 1));
  if (!major || !minor || *major > 1000 || *minor > 9) return std::nullopt;
  return static_cast<int>(*major * 10 + *minor);
}

/// PCI addresses differ in the case of their digits, and NVML's in the length of the domain.
std::string address_of(const DriverSection& section) {
  std::string address = section.text("address");
  std::transform(address.begin(), address.end(), address.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return address;
}

struct ThrottleBit {
  uint64_t bit;
  const char* name;
};
// nvmlClocksEventReasons; 1, idle, is no throttling.
constexpr ThrottleBit kThrottleBits[] = {
    {0x2, "application clocks"}, {0x4, "power cap"},        {0x8, "hardware slowdown"},
    {0x10, "sync boost"},        {0x20, "temperature"},     {0x40, "temperature (hardware)"},
    {0x80, "power brake"},       {0x100, "display clocks"},
};

/// What NVML knows of a device, added to it; memory only where CUDA did not say and `whole`: a MIG
/// slice's is not the device's.
void add_nvml(const DriverSection& said, bool whole, results::Gpu& gpu) {
  const auto number = [&](const char* key, auto& out) {
    if (const auto value = said.number(key))
      out = static_cast<std::decay_t<decltype(*out)>>(*value);
  };
  const auto watts = [&](const char* key, std::optional<double>& out) {
    if (const auto value = said.number(key)) out = static_cast<double>(*value) / 1000;
  };
  if (gpu.name.empty() || gpu.name.starts_with("NVIDIA GPU")) {
    if (const std::string name = said.text("name"); !name.empty()) gpu.name = name;
  }
  if (gpu.compute_capability.empty()) gpu.compute_capability = said.text("compute_capability");
  if (gpu.uuid.empty()) gpu.uuid = said.text("uuid");
  if (whole && !gpu.total_bytes) number("total_bytes", gpu.total_bytes);
  if (whole && !gpu.free_bytes) number("free_bytes", gpu.free_bytes);
  number("mig", gpu.mig);
  number("ecc", gpu.ecc);
  number("ecc_uncorrected", gpu.ecc_uncorrected);
  number("persistence", gpu.persistence);
  watts("power_limit_mw", gpu.power_limit_w);
  watts("power_default_mw", gpu.power_default_w);
  number("sm_clock_mhz", gpu.sm_clock_mhz);
  number("sm_clock_max_mhz", gpu.sm_clock_max_mhz);
  number("memory_clock_mhz", gpu.memory_clock_mhz);
  number("memory_clock_max_mhz", gpu.memory_clock_max_mhz);
  number("processes", gpu.processes);
  number("pcie_generation", gpu.pcie_generation);
  number("pcie_generation_max", gpu.pcie_generation_max);
  number("pcie_width", gpu.pcie_width);
  number("pcie_width_max", gpu.pcie_width_max);
  const uint64_t bits = said.number("throttle").value_or(0);
  for (const ThrottleBit& throttle : kThrottleBits)
    if ((bits & throttle.bit) != 0) gpu.throttle.emplace_back(throttle.name);
  for (const char* key :
       {"mig", "ecc", "ecc_uncorrected", "persistence", "sm_clock_mhz", "memory_clock_mhz",
        "throttle", "processes", "pcie_generation", "pcie_width"})
    if (const std::string why = said.reason(key); !why.empty() && why != kNotThere)
      gpu.unknown[key] = why;
  if (const std::string why = said.reason("power_limit_mw"); !why.empty() && why != kNotThere)
    gpu.unknown["power_limit_w"] = why;
}

void add_versions(const DriverAnswers& answers, results::Gpu& gpu) {
  gpu.driver = answers.section("nvml").text("driver");
  if (const auto version = answers.section("cuda").number("version"))
    gpu.cuda = version_text(*version);
}

/// A device that CUDA lists, with what NVML adds to it.
FoundGpu listed_by_cuda(const DriverSection& said, const DriverAnswers& answers) {
  FoundGpu found;
  results::Gpu& gpu = found.gpu;
  gpu.vendor = "NVIDIA";
  gpu.name = said.text("name");
  if (gpu.name.empty()) gpu.name = "NVIDIA GPU";
  gpu.address = address_of(said);
  gpu.compute_capability = said.text("compute_capability");
  gpu.total_bytes = said.number("total_bytes");
  gpu.free_bytes = said.number("free_bytes");
  add_versions(answers, gpu);
  const std::string uuid = said.text("uuid");
  bool slice = false;
  for (const DriverSection* device : answers.devices("nvml")) {
    if (address_of(*device) != gpu.address) continue;
    // CUDA gives a slice an identifier of its own.
    slice = !uuid.empty() && !device->text("uuid").ends_with(uuid) && device->number("mig") == 1;
    gpu.uuid = slice || uuid.empty() ? "" : device->text("uuid");
    add_nvml(*device, !slice, gpu);
  }
  if (!uuid.empty()) gpu.uuid = (slice ? "MIG-" : "GPU-") + uuid;
  for (const char* key : {"total_bytes", "free_bytes"}) {
    const std::string why = said.reason(key);
    const bool missing =
        !(key == std::string_view("free_bytes") ? gpu.free_bytes : gpu.total_bytes);
    if (missing && !why.empty()) gpu.unknown[key] = why;
  }
  found.trouble = cuda_trouble(gpu, kCuda13);
  if (const std::string why = said.reason("context"); !found.trouble && !why.empty())
    found.trouble = Text{message::gpu_no_context, {why}};
  return found;
}

/// Why CUDA does not list an NVIDIA GPU that shows elsewhere.
Text why_not_listed(const Answer<std::string>& said, const DriverAnswers& answers) {
  if (!said) return {message::gpu_not_asked, {said.reason}};
  const DriverSection& cuda = answers.section("cuda");
  if (const std::string end = answers.section("process").reason("cuda"); !end.empty())
    return {message::gpu_driver_lost, {end}};
  if (const std::string why = cuda.reason("load"); !why.empty())
    return {message::gpu_no_driver, {why}};
  if (const std::string why = cuda.reason("init"); !why.empty())
    return {message::gpu_driver_refuses, {why}};
  if (cuda.empty()) return {message::gpu_not_asked, {"no answer"}};
  return {message::gpu_not_listed, {}};
}

}  // namespace

std::optional<Text> cuda_trouble(const results::Gpu& gpu, const CudaNeeds& needs) {
  const std::optional<int> cuda = tenfold(gpu.cuda);
  if (cuda && *cuda * 100 < needs.runtime)
    return Text{message::gpu_driver_old,
                {gpu.driver.empty() ? "?" : gpu.driver, gpu.cuda,
                 version_text(static_cast<uint64_t>(needs.runtime)), needs.driver}};
  const std::optional<int> capability = tenfold(gpu.compute_capability);
  if (!capability) return Text{message::gpu_capability_unknown, {}};
  if (*capability < needs.compute_capability)
    return Text{message::gpu_too_old,
                {gpu.compute_capability, fmt::format("{}.{}", needs.compute_capability / 10,
                                                     needs.compute_capability % 10)}};
  return std::nullopt;
}

std::vector<FoundGpu> find_gpus(const Machine& machine) {
  std::map<std::string, results::Gpu> others = on_pci(machine);
  add_nvidia(machine, others);
  const auto said = machine.gpu_drivers();
  const DriverAnswers answers = parse_driver_answers(said.value.value_or(""));
  std::vector<FoundGpu> found;
  std::map<std::string, bool> listed;
  for (const DriverSection* device : answers.devices("cuda")) {
    found.push_back(listed_by_cuda(*device, answers));
    listed[found.back().gpu.address] = true;
  }
  for (const DriverSection* device : answers.devices("nvml")) {
    const std::string address = address_of(*device);
    if (address.empty() || listed.contains(address)) continue;
    results::Gpu& gpu = others[address];
    gpu.vendor = "NVIDIA";
    gpu.address = address;
    add_nvml(*device, device->number("mig") != 1, gpu);
  }
  if (!listed.empty() || others.size() > 1) others.erase("wsl");
  for (auto& entry : others) {
    if (listed.contains(entry.first)) continue;
    FoundGpu& other = found.emplace_back();
    other.gpu = std::move(entry.second);
    if (other.gpu.vendor == "NVIDIA") {
      add_versions(answers, other.gpu);
      other.trouble = why_not_listed(said, answers);
    } else {
      other.trouble = Text{message::gpu_vendor_unsupported, {other.gpu.vendor}};
    }
  }
  for (FoundGpu& each : found) {
    each.gpu.usable = !each.trouble;
    if (each.trouble) each.gpu.reason = render(*each.trouble, Language::kEnglish);
  }
  return found;
}

std::vector<results::Gpu> gpus(const Machine& machine) {
  std::vector<results::Gpu> out;
  for (FoundGpu& found : find_gpus(machine)) out.push_back(std::move(found.gpu));
  return out;
}

}  // namespace nety::machine
