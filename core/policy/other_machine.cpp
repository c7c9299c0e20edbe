#include "core/policy/other_machine.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"

namespace nety::policy {
namespace {

using measure::Calibration;
using measure::ModeCost;

std::optional<double> found(const results::File& file, std::string_view id) {
  for (const results::Finding& finding : file.findings)
    if (finding.id == id && finding.data && *finding.data > 0) return finding.data;
  return std::nullopt;
}

/// Arithmetic scales with the peak of what it multiplies in, or of fp32 where there is none.
double peak_ratio(const Calibration& there, const Calibration& here, const std::string& type) {
  for (const std::string& one : {type, std::string("fp32")}) {
    const auto a = here.peaks.find(one), b = there.peaks.find(one);
    if (a != here.peaks.end() && b != there.peaks.end()) return b->second / a->second;
  }
  return 1;
}

ModeCost moved(ModeCost cost, double ratio) {
  cost.byte_s /= ratio;
  cost.unpack_s /= ratio;
  cost.multiply_s /= ratio;
  cost.activation_s /= ratio;
  cost.convert_s /= ratio;
  return cost;
}

}  // namespace

Calibration calibration_of(const results::File& file, const std::string& source,
                           const Calibration* here) {
  if (file.machines.empty())
    throw Error(ErrorKind::kUsage, fmt::format("{}: has no machine", source),
                "Make it there: nety diag --json -o machine.json");
  const std::optional<double> reading = found(file, "memory.bandwidth");
  if (!reading)
    throw Error(ErrorKind::kUsage,
                fmt::format("{}: the memory's bandwidth was not measured there", source),
                "Make it there without --quick: nety diag -o machine.json");
  const results::Machine& machine = file.machines.front();
  Calibration out;
  out.tool = file.tool;
  out.created_utc = file.created_utc;
  out.machine = {machine.id, machine.cpu, machine.memory_total_bytes,
                 machine.memory_available_bytes};
  out.threads = std::max(machine.cpu_budget.threads, 1);
  constexpr uint64_t kAnySize = uint64_t{1} << 28;
  out.reads = {{kAnySize, out.threads, {*reading, *reading, *reading}}};
  for (const char* type : {"fp32", "bf16", "int8"})
    if (const auto peak = found(file, fmt::format("cpu.fma.{}", type))) out.peaks[type] = *peak;
  const double fp32 = out.peaks.contains("fp32") ? out.peaks.at("fp32") : 5e10;
  out.attention_s = 4 / fp32;
  if (const auto disk = found(file, "disk.read")) out.disk_bytes_per_s = *disk;
  if (here == nullptr) return out;
  const double ratio = peak_ratio(out, *here, "fp32");
  out.attention_s = here->attention_s / ratio;
  out.cache_share = here->cache_share;
  out.mixture_layer_s = here->mixture_layer_s;
  out.mixture_factor = here->mixture_factor;
  for (const ModeCost& cost : here->modes)
    out.modes.push_back(moved(cost, peak_ratio(out, *here, cost.type)));
  return out;
}

}  // namespace nety::policy
