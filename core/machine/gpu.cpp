// Is there a GPU? Answered from small files first: most machines have none and must not pay for
// looking.
#include <map>

#include "core/machine/machine.h"
#include "core/machine/text.h"

namespace nety::machine {
namespace {

struct Vendor {
  std::string_view id, name;
};
constexpr Vendor kVendors[] = {{"0x10de", "NVIDIA"}, {"0x1002", "AMD"}, {"0x8086", "Intel"}};
constexpr std::string_view kNvidiaGpus = "/proc/driver/nvidia/gpus";
constexpr std::string_view kWslLibraries = "/usr/lib/wsl/lib";
constexpr const char* kDriver = "libcuda.so.1";

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
    const std::string name =
        value_of(machine.read(folder + "/" + address + "/information"), "Model", ':');
    if (!name.empty()) gpu.name = name;
    if (gpu.name.empty()) gpu.name = "NVIDIA GPU at " + address;
  }
  // WSL2 shows the host's GPU through its own library folder, not on the PCI bus.
  if (!found.empty()) return;
  for (const std::string& name :
       machine.list(std::string(kWslLibraries)).value.value_or(std::vector<std::string>{})) {
    if (name == kDriver) {
      found["wsl"].vendor = "NVIDIA";
      found["wsl"].name = "NVIDIA GPU of the Windows host";
    }
  }
}

}  // namespace

std::vector<results::Gpu> gpus(const Machine& machine) {
  std::map<std::string, results::Gpu> found = on_pci(machine);
  add_nvidia(machine, found);
  std::vector<results::Gpu> out;
  for (auto& entry : found) {
    results::Gpu& gpu = entry.second;
    if (gpu.vendor != "NVIDIA") {
      gpu.reason = gpu.vendor + " GPUs are not supported yet";
    } else if (const auto driver = machine.library(kDriver); !driver.value.value_or(false)) {
      gpu.reason = "the driver library does not load: " + driver.reason;
    } else {
      gpu.reason = "this version of NETY computes on the CPU only";
    }
    out.push_back(std::move(gpu));
  }
  return out;
}

}  // namespace nety::machine
