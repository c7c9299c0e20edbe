// The caches of one processor. A weight panel must fit the second level, a whole small model may
// fit the third.
#include <fmt/core.h>

#include "core/machine/topology.h"

#include "diag/probe.h"

namespace nety::diag::probes {
namespace {

/// Caches come in powers of two: "32 KiB", "1.25 MiB".
std::string size_of(uint64_t bytes) {
  constexpr double kKib = 1024, kMib = kKib * 1024;
  const auto value = static_cast<double>(bytes);
  if (value < kMib) return fmt::format("{:g} KiB", value / kKib);
  return fmt::format("{:.4g} MiB", value / kMib);
}

}  // namespace

Findings cpu_caches(const Subject& subject) {
  constexpr const char* kSource = "/sys/devices/system/cpu/cpu0/cache, CPUID";
  const std::vector<machine::Cache> caches = machine::caches(subject.machine);
  if (caches.empty())
    return {subject.unknown("cpu.caches", message::diag_caches_title, kSource,
                            subject.machine.list("/sys/devices/system/cpu/cpu0/cache").reason)};
  results::Finding finding = subject.finding("cpu.caches", message::diag_caches_title, kSource);
  for (const machine::Cache& cache : caches) {
    if (!finding.value.empty()) finding.value += ", ";
    finding.value += fmt::format("{} {}", cache.name, size_of(cache.bytes));
    if (cache.shared_by > 1) {
      finding.value += ' ';
      finding.value += subject.say(message::diag_caches_shared, {std::to_string(cache.shared_by)});
    }
  }
  finding.data = static_cast<double>(caches.back().bytes);
  return {finding};
}

}  // namespace nety::diag::probes
