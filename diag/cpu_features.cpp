// Which instructions the kernels may use, and whether the system withholds some.
#include <algorithm>

#include "core/base/words.h"
#include "diag/probe.h"

namespace nety::diag::probes {
namespace {

/// Leaf 7 of CPUID: what the processor has, whatever the system lets us use of it.
machine::CpuidLeaf leaf7(const machine::Machine& machine) {
  const auto base = machine.cpuid(0, 0);
  if (!base || base.value->eax < 7) return {};
  return *machine.cpuid(7, 0).value;
}

bool has_avx512_bit(const machine::Machine& machine) {
  return (leaf7(machine).ebx >> 16 & 1U) != 0;
}

bool has_tiles(const machine::Machine& machine) { return (leaf7(machine).edx >> 24 & 1U) != 0; }

}  // namespace

Findings cpu_features(const Subject& subject) {
  const std::vector<std::string> features = machine::cpu_features(subject.machine);
  const auto has = [&](const char* name) {
    return std::find(features.begin(), features.end(), name) != features.end();
  };
  const bool has_cpuid = static_cast<bool>(subject.machine.cpuid(0, 0));
  results::Finding finding =
      subject.finding("cpu.features", message::diag_features_title,
                      has_cpuid ? "CPUID, XGETBV" : "/proc/cpuinfo Features");
  finding.value = joined(features, " ");
  if (features.empty()) finding.value = subject.say(message::diag_features_none);
  if (!has("avx2") || !has("fma") || !has("f16c")) {
    finding.status = results::FindingStatus::kWarn;
    finding.consequence = subject.say(message::diag_features_scalar);
  } else if (has_avx512_bit(subject.machine) && !has("avx512f")) {
    finding.status = results::FindingStatus::kWarn;
    finding.consequence = subject.say(message::diag_features_masked);
    finding.remedy = subject.say(message::diag_features_masked_remedy);
  } else if (has_tiles(subject.machine) && !has("amx_tile")) {
    finding.status = results::FindingStatus::kWarn;
    const auto permission = subject.machine.tile_permission();
    finding.consequence =
        subject.say(message::diag_features_tiles,
                    {permission.value.value_or(true) ? std::string("XCR0") : permission.reason});
    finding.remedy = subject.say(message::diag_features_tiles_remedy);
  }
  return {finding};
}

}  // namespace nety::diag::probes
