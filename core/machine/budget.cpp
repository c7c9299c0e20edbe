// The processors and the memory that this process may use, with the limits of containers and of the
// session.
#include <algorithm>
#include <cmath>

#include "core/machine/address_space.h"
#include "core/machine/cgroup.h"
#include "core/machine/machine.h"
#include "core/machine/text.h"

namespace nety::machine {
namespace {

/// The quota of one folder in processors; nothing if it has none.
std::optional<double> quota_of(const Machine& machine, const CgroupFolder& folder) {
  std::optional<int64_t> quota;
  std::optional<int64_t> period;
  if (folder.version == 1) {
    quota = signed_number_in(machine.read(folder.path + "/cpu.cfs_quota_us").value.value_or(""));
    period = signed_number_in(machine.read(folder.path + "/cpu.cfs_period_us").value.value_or(""));
  } else {  // "max 100000" or "400000 100000"
    const std::string text = machine.read(folder.path + "/cpu.max").value.value_or("");
    const std::string words = single_spaced(text);
    const auto parts = split(words, ' ');
    if (parts.size() == 2) {
      quota = signed_number_in(parts[0]);
      period = signed_number_in(parts[1]);
    }
  }
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

/// Processors that a folder confines its processes to; nothing if it does not say.
std::optional<int> cpuset_of(const Machine& machine, const CgroupFolder& folder) {
  // Version 1 and 2, as far as known: what applies, then what was asked for.
  for (const char* file : {"cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus"}) {
    const auto list = machine.read(folder.path + "/" + file);
    const size_t count = numbers_in_list(list.value.value_or("")).size();
    if (count > 0) return static_cast<int>(count);
  }
  return std::nullopt;
}

uint64_t less(uint64_t a, uint64_t b) { return a > b ? a - b : 0; }

/// What a folder's processes really hold: usage without what the kernel takes back when memory is
/// wanted, as MemAvailable leaves it out for the whole machine. A file that was read twice counts
/// as active; its pages can be dropped like any other's. Locked pages and tmpfs are on other lists.
uint64_t working_set(const Machine& machine, const CgroupFolder& folder) {
  const bool v1 = folder.version == 1;
  const auto usage =
      machine.read(folder.path + (v1 ? "/memory.usage_in_bytes" : "/memory.current"));
  const auto statistics = machine.read(folder.path + "/memory.stat");
  uint64_t reclaimable = 0;
  for (const char* list : {"inactive_file", "active_file", "slab_reclaimable"})
    reclaimable +=
        number_in(value_of(statistics, v1 ? std::string("total_") + list : list, ' ')).value_or(0);
  return less(number_in(usage.value.value_or("")).value_or(0), reclaimable);
}

/// Limits at or above this mean "none": version 1 writes the largest multiple of the page size.
constexpr uint64_t kNoLimit = uint64_t{1} << 60;

struct Limit {
  uint64_t bytes, used;
  std::string name;
  uint64_t available() const { return less(bytes, used); }
};

std::vector<Limit> cgroup_limits(const Machine& machine) {
  std::vector<Limit> limits;
  for (const CgroupFolder& folder : cgroup_folders(machine, "memory")) {
    for (const char* file : {"memory.limit_in_bytes", "memory.max", "memory.high"}) {
      if ((folder.version == 1) != (file == std::string_view("memory.limit_in_bytes"))) continue;
      const auto text = machine.read(folder.path + "/" + file);
      const auto bytes = number_in(text.value.value_or(""));  // "max" is no number: no limit
      if (!bytes || *bytes >= kNoLimit) continue;
      limits.push_back(
          {*bytes, working_set(machine, folder), "cgroup " + folder.name + " " + file});
    }
  }
  return limits;
}

uint64_t memory_line(const Answer<std::string>& info, std::string_view key) {
  return number_in(value_of(info, key, ':'), "kB").value_or(0) * 1024;
}

/// What the threads of the pool will reserve: a stack each (RLIMIT_STACK's usual 8 MiB), and the
/// heap that glibc sets aside at a thread's first allocation (HEAP_MAX_SIZE).
uint64_t reserved_by_threads(const Machine& machine) {
  constexpr uint64_t kEach = (uint64_t{8} + 64) << 20;
  return static_cast<uint64_t>(cpu_budget(machine).threads - 1) * kEach;
}

std::optional<Limit> address_space_limit(const Machine& machine) {
  const auto bytes = machine.address_space_limit();
  if (!bytes) return std::nullopt;
  return Limit{*bytes.value, memory_line(machine.read("/proc/self/status"), "VmSize"), "RLIMIT_AS"};
}

/// "Max data size             unlimited            unlimited            bytes" in /proc/self/limits
std::optional<uint64_t> data_limit(const Machine& machine) {
  constexpr std::string_view kLine = "Max data size";
  const std::string limits = machine.read("/proc/self/limits").value.value_or("");
  for (const std::string_view line : split(limits, '\n'))
    if (line.starts_with(kLine)) {
      const std::string rest = single_spaced(line.substr(kLine.size()));
      const size_t first = rest.find_first_not_of(' ');
      if (first == std::string::npos) return std::nullopt;
      return number_in(rest.substr(first, rest.find(' ', first) - first));
    }
  return std::nullopt;
}

}  // namespace

results::CpuBudget cpu_budget(const Machine& machine) {
  results::CpuBudget budget;
  budget.affinity = std::max(1, machine.affinity().value.value_or(processors(machine)));
  for (const CgroupFolder& folder : cgroup_folders(machine, "cpu")) {
    const auto quota = quota_of(machine, folder);
    if (quota && (!budget.quota || *quota < *budget.quota)) budget.quota = quota;
  }
  for (const CgroupFolder& folder : cgroup_folders(machine, "cpuset")) {
    const auto count = cpuset_of(machine, folder);
    if (count && (!budget.cpuset || *count < *budget.cpuset)) budget.cpuset = count;
  }
  // The kernel keeps the mask inside the set; what shows other numbers is not the kernel.
  budget.threads = std::min(budget.affinity, budget.cpuset.value_or(budget.affinity));
  if (budget.quota && *budget.quota < budget.threads)
    budget.threads = std::max(1, static_cast<int>(std::floor(*budget.quota)));
  return budget;
}

int threads_for(int64_t asked, const Machine& machine) {
  return asked > 0 ? static_cast<int>(asked) : cpu_budget(machine).threads;
}

std::optional<uint64_t> address_space_left(const Machine& machine) {
  const std::optional<Limit> limit = address_space_limit(machine);
  if (!limit) return std::nullopt;
  return less(limit->available(), reserved_by_threads(machine));
}

MemoryBudget memory_budget(const Machine& machine) {
  const auto info = machine.read("/proc/meminfo");
  MemoryBudget budget;
  budget.total_bytes = memory_line(info, "MemTotal");
  budget.available_bytes = memory_line(info, "MemAvailable");
  budget.limited_by = "MemAvailable";
  if (value_of(info, "MemAvailable", ':').empty()) {  // kernels before 3.14
    budget.available_bytes =
        memory_line(info, "MemFree") + memory_line(info, "Buffers") + memory_line(info, "Cached");
    budget.limited_by = "MemFree + Buffers + Cached";
  }
  std::vector<Limit> limits = cgroup_limits(machine);
  if (const std::optional<Limit> limit = address_space_limit(machine)) limits.push_back(*limit);
  if (const std::optional<uint64_t> bytes = data_limit(machine)) {
    const uint64_t used = memory_line(machine.read("/proc/self/status"), "VmData");
    limits.push_back({*bytes, used, "RLIMIT_DATA"});
  }
  if (budget.total_bytes == 0) budget.limited_by = "";  // unknown, not zero
  for (const Limit& limit : limits) {
    if (!budget.limit_bytes || limit.bytes < *budget.limit_bytes) {
      budget.limit_bytes = limit.bytes;
      budget.limit_used_bytes = limit.used;
    }
    if (!budget.limited_by.empty() && limit.available() >= budget.available_bytes) continue;
    budget.available_bytes = limit.available();
    budget.limited_by = limit.name;
  }
  return budget;
}

}  // namespace nety::machine
