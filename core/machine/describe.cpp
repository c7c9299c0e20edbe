// A machine as results carry it, with the fingerprint that says which results may be compared.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <utility>

#include "core/machine/machine.h"
#include "core/machine/text.h"
#include "core/machine/topology.h"

namespace nety::machine {
namespace {

struct HypervisorName {
  std::string_view signature, name;
};
constexpr HypervisorName kHypervisors[] = {
    {"KVMKVMKVM", "KVM"},      {"Microsoft Hv", "Hyper-V"},   {"VMwareVMware", "VMware"},
    {"XenVMMXenVMM", "Xen"},   {"TCGTCGTCGTCG", "QEMU"},      {"VBoxVBoxVBox", "VirtualBox"},
    {"bhyve bhyve ", "bhyve"}, {" lrpepyh  vr", "Parallels"},
};

/// FNV-1a, 64 bits: the same text has the same fingerprint on every machine and in every version.
uint64_t fingerprint_of(std::string_view text) {
  uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash;
}

/// "AMD EPYC 9654 96-Core" as "amd-epyc-9654-96-core", at most 32 characters.
std::string slug_of(std::string_view text) {
  constexpr size_t kLongest = 32;
  std::string out;
  for (const char c : text) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (plain) out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (!plain && !out.empty() && out.back() != '-') out += '-';
    if (out.size() == kLongest) break;
  }
  while (!out.empty() && out.back() == '-') out.pop_back();
  return out;
}

/// "6.1" of "6.1.0-13-amd64".
std::string_view major_minor(std::string_view release) {
  size_t end = release.find('.');
  if (end != std::string_view::npos) end = release.find_first_not_of("0123456789", end + 1);
  return release.substr(0, end);
}

/// Everything that results depend on and that stays the same between runs.
std::string identity_of(const results::Machine& machine) {
  constexpr uint64_t kGib = uint64_t{1} << 30;
  std::string text = machine.cpu;
  for (const std::string& feature : machine.features) text += " " + feature;
  const double quota = machine.cpu_budget.quota.value_or(0);
  text +=
      fmt::format(" threads {} quota {:.2f} memory {} kernel {}", machine.cpu_budget.threads, quota,
                  (machine.memory_total_bytes + kGib / 2) / kGib, major_minor(machine.kernel));
  return fmt::format("{}-{}t-{:08x}", slug_of(machine.cpu), machine.cpu_budget.threads,
                     fingerprint_of(text) >> 32);
}

}  // namespace

std::vector<int> numbers_in_list(std::string_view list) {
  constexpr uint64_t kMost = 65'536;
  std::vector<int> numbers;
  for (const std::string_view range : split(trimmed(list), ',')) {
    const size_t dash = range.find('-');
    const auto first = number_in(range.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : number_in(range.substr(dash + 1));
    if (!first || !last || *last < *first || *last >= kMost) return {};
    for (uint64_t number = *first; number <= *last && numbers.size() < kMost; ++number)
      numbers.push_back(static_cast<int>(number));
  }
  return numbers;
}

int processors(const Machine& machine) {
  const auto online = machine.read("/sys/devices/system/cpu/online");
  auto count = static_cast<int>(numbers_in_list(online.value.value_or("")).size());
  if (count > 0) return count;
  const std::string info = machine.read("/proc/cpuinfo").value.value_or("");
  for (const std::string_view line : split(info, '\n'))
    count += line.starts_with("processor") ? 1 : 0;
  return std::max(1, count);
}

std::string system_name(const Machine& machine) {
  const std::string name = value_of(machine.read("/etc/os-release"), "PRETTY_NAME", '=');
  const bool quoted = name.size() >= 2 && name.front() == '"' && name.back() == '"';
  return quoted ? name.substr(1, name.size() - 2) : name;
}

std::string kernel_release(const Machine& machine) {
  return std::string(trimmed(machine.read("/proc/sys/kernel/osrelease").value.value_or("")));
}

std::string hypervisor(const Machine& machine) {
  constexpr uint32_t kGuest = 1U << 31;
  std::string name;
  const auto features = machine.cpuid(1, 0);
  if (features && (features.value->ecx & kGuest) != 0) {
    const CpuidLeaf leaf = *machine.cpuid(0x40000000, 0).value;
    std::array<char, 13> signature{};
    const uint32_t words[] = {leaf.ebx, leaf.ecx, leaf.edx};
    std::memcpy(signature.data(), words, sizeof words);
    name = "unknown";
    for (const HypervisorName& known : kHypervisors) {
      if (known.signature == signature.data()) name = known.name;
    }
  }
  if (kernel_release(machine).find("microsoft-standard-WSL2") != std::string::npos)
    return name.empty() ? "WSL2" : "WSL2 (" + name + ")";
  if (name.empty() && trimmed(machine.read("/sys/hypervisor/type").value.value_or("")) == "xen")
    return "Xen";
  return name;
}

std::string container(const Machine& machine) {
  // What runtimes leave: systemd's word, podman's and docker's files, the names of their cgroups.
  if (const auto word = machine.read("/run/systemd/container"); word)
    if (!trimmed(*word.value).empty()) return single_spaced(*word.value);
  if (machine.read("/run/.containerenv")) return "podman";
  if (machine.list("/run/secrets/kubernetes.io")) return "kubernetes";
  constexpr std::pair<std::string_view, std::string_view> kPaths[] = {
      {"/kubepods", "kubernetes"}, {"/docker/", "docker"}, {"/docker-", "docker"},
      {"/libpod-", "podman"},      {"/lxc/", "lxc"},       {"/lxc.payload", "lxc"}};
  // The root of mounted cgroups shows a name that the cgroup namespace hides from this process.
  const std::string places[] = {machine.read("/proc/self/cgroup").value.value_or(""),
                                machine.read("/proc/self/mountinfo").value.value_or("")};
  for (const auto& known : kPaths) {
    for (const std::string& text : places) {
      for (const std::string_view line : split(text, '\n')) {
        const bool cgroup = &text == &places[0] || line.find(" - cgroup") != line.npos;
        if (cgroup && line.find(known.first) != line.npos) return std::string(known.second);
      }
    }
  }
  if (machine.read("/.dockerenv")) return "docker";
  return "";
}

results::Machine describe(const Machine& machine) {
  results::Machine out;
  out.cpu = cpu_model(machine);
  out.os = system_name(machine);
  out.kernel = kernel_release(machine);
  out.hypervisor = hypervisor(machine);
  out.features = cpu_features(machine);
  out.cpu_budget = cpu_budget(machine);
  out.processors = processors(machine);
  const MemoryBudget memory = memory_budget(machine);
  out.memory_total_bytes = memory.total_bytes;
  out.memory_available_bytes = memory.available_bytes;
  out.memory_limit_bytes = memory.limit_bytes;
  out.gpus = gpus(machine);
  const Arrangement cpus = arrangement(machine);
  out.sockets = cpus.sockets;
  out.cores = cpus.cores;
  if (const auto nodes = numa_nodes(machine); !nodes.empty())
    out.numa_nodes = static_cast<int>(nodes.size());
  out.libc = machine.libc().value.value_or("");
  out.container = container(machine);
  out.id = identity_of(out);
  return out;
}

}  // namespace nety::machine
