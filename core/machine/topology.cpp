// Sources: Documentation/ABI/stable/sysfs-devices-system-cpu of Linux; Intel SDM vol. 2A, CPUID
// leaf 4; AMD APM vol. 3, leaf 8000001D.
#include "core/machine/topology.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "core/machine/text.h"

namespace nety::machine {
namespace {

const std::string kCpus = "/sys/devices/system/cpu";
const std::string kNodes = "/sys/devices/system/node";

std::optional<int> whole(std::string_view text) {
  const auto value = signed_number_in(text);
  if (!value || *value < -1 || *value > 1'000'000) return std::nullopt;
  return static_cast<int>(*value);
}

/// Processors of each core, cores being named by socket and number.
using Cores = std::map<std::pair<int, int>, int>;

Cores cores_of_sys(const Machine& machine) {
  Cores cores;
  for (const int id :
       numbers_in_list(machine.read(kCpus + "/online").value.value_or(std::string()))) {
    const std::string folder = kCpus + "/cpu" + std::to_string(id) + "/topology/";
    const auto socket = whole(machine.read(folder + "physical_package_id").value.value_or(""));
    const auto core = whole(machine.read(folder + "core_id").value.value_or(""));
    if (!socket || !core) return {};
    ++cores[{*socket, *core}];
  }
  return cores;
}

Cores cores_of_cpuinfo(const Machine& machine) {
  const std::string info = machine.read("/proc/cpuinfo").value.value_or("");
  Cores cores;
  int socket = 0;
  for (const std::string_view line : split(info, '\n')) {
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view key = trimmed(line.substr(0, colon));
    const auto value = whole(line.substr(colon + 1));
    if (key == "physical id" && value) socket = *value;
    if (key == "core id" && value) ++cores[{socket, *value}];
  }
  return cores;
}

Arrangement counted(const Cores& cores, std::string source) {
  Arrangement out;
  out.source = std::move(source);
  if (cores.empty()) return out;
  std::set<int> sockets;
  int most = 0;
  for (const auto& core : cores) {
    sockets.insert(core.first.first);
    most = std::max(most, core.second);
  }
  out.sockets = static_cast<int>(sockets.size());
  out.cores = static_cast<int>(cores.size());
  out.threads_per_core = most;
  return out;
}

std::string cache_name(int level, char kind) {
  return fmt::format("L{}{}", level, level == 1 && kind == 'D' ? "d" : "");
}

std::vector<Cache> caches_of_sys(const Machine& machine) {
  std::vector<Cache> found;
  const std::string folder = kCpus + "/cpu0/cache";
  for (const std::string& index : machine.list(folder).value.value_or(std::vector<std::string>{})) {
    const auto text = [&](const char* file) {
      const auto answer = machine.read(folder + "/" + index + "/" + file);
      return std::string(trimmed(answer.value.value_or("")));
    };
    const auto level = whole(text("level"));
    const auto size = number_in(text("size"), "K");
    const std::string type = text("type");
    if (!level || !size || type.empty() || type == "Instruction") continue;
    found.push_back({*level, cache_name(*level, type[0]), *size * 1024,
                     static_cast<int>(numbers_in_list(text("shared_cpu_list")).size())});
  }
  return found;
}

/// Intel's leaf 4, or AMD's of the same layout.
std::vector<Cache> caches_of_cpuid(const Machine& machine) {
  std::vector<Cache> found;
  const auto base = machine.cpuid(0, 0);
  if (!base) return found;
  const bool amd = base.value->ecx == 0x444d4163;  // "cAMD"
  const uint32_t leaf = amd ? 0x8000001dU : 4U;
  if (machine.cpuid(leaf & 0xffff0000U, 0).value->eax < leaf) return found;
  for (uint32_t subleaf = 0; subleaf < 16; ++subleaf) {
    const CpuidLeaf cache = *machine.cpuid(leaf, subleaf).value;
    const uint32_t kind = cache.eax & 31U;  // 1: data, 2: instructions, 3: both
    if (kind == 0) break;
    if (kind == 2) continue;
    const auto level = static_cast<int>(cache.eax >> 5 & 7U);
    const uint64_t ways = (cache.ebx >> 22) + 1, parts = (cache.ebx >> 12 & 1023U) + 1;
    const uint64_t line = (cache.ebx & 4095U) + 1, sets = uint64_t{cache.ecx} + 1;
    found.push_back({level, cache_name(level, kind == 1 ? 'D' : 'U'), ways * parts * line * sets,
                     static_cast<int>(cache.eax >> 14 & 4095U) + 1});
  }
  return found;
}

}  // namespace

Arrangement arrangement(const Machine& machine) {
  if (const Cores cores = cores_of_sys(machine); !cores.empty())
    return counted(cores, kCpus + "/cpu*/topology");
  return counted(cores_of_cpuinfo(machine), "/proc/cpuinfo");
}

std::vector<Cache> caches(const Machine& machine) {
  std::vector<Cache> found = caches_of_sys(machine);
  if (found.empty()) found = caches_of_cpuid(machine);
  std::stable_sort(found.begin(), found.end(),
                   [](const Cache& a, const Cache& b) { return a.level < b.level; });
  return found;
}

std::vector<NumaNode> numa_nodes(const Machine& machine) {
  std::vector<NumaNode> nodes;
  for (const int id :
       numbers_in_list(machine.read(kNodes + "/online").value.value_or(std::string()))) {
    const std::string folder = kNodes + "/node" + std::to_string(id);
    NumaNode node;
    node.id = id;
    node.processors =
        numbers_in_list(machine.read(folder + "/cpulist").value.value_or(std::string()));
    const auto memory = machine.read(folder + "/meminfo");  // "Node 0 MemTotal:  123 kB"
    const std::string prefix = "Node " + std::to_string(id) + " ";
    const auto bytes = [&](const char* key) -> std::optional<uint64_t> {
      const auto kilobytes = number_in(value_of(memory, prefix + key, ':'), "kB");
      if (!kilobytes) return std::nullopt;
      return *kilobytes * 1024;
    };
    node.total_bytes = bytes("MemTotal");
    node.free_bytes = bytes("MemFree");
    nodes.push_back(std::move(node));
  }
  return nodes;
}

}  // namespace nety::machine
