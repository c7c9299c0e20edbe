#include "diag/rates.h"

#include <algorithm>

#include "core/machine/machine.h"
#include "core/measure/bandwidth.h"
#include "core/measure/fma.h"

namespace nety::diag {
namespace {

// Several times the last-level cache of most machines, and no burden to a small one.
constexpr double kMostBytes = 512e6;
constexpr double kLeastBytes = 32e6;
constexpr int kPasses = 8;

void read(measure::BandwidthProbe& probe, uint64_t bytes, double& best, std::string& name) {
  for (const measure::ReadPattern pattern : measure::read_patterns()) {
    const double rate = probe.best(bytes, kPasses, pattern);
    if (rate <= best) continue;
    best = rate;
    name = measure::name_of(pattern);
  }
}

void read_all(const RateParts& parts, uint64_t bytes, Rates& rates) {
  const bool one_is_all = rates.threads == 1;
  const bool all = parts.bandwidth || (parts.bandwidth_one && one_is_all);
  if (all || parts.triad) {
    measure::BandwidthProbe probe(rates.threads, bytes);
    if (all) read(probe, bytes, rates.read_bytes_per_s, rates.read_pattern);
    if (parts.triad) rates.triad_bytes_per_s = probe.triad(bytes, kPasses);
  }
  if (!parts.bandwidth_one) return;
  if (one_is_all) {
    rates.read_one_bytes_per_s = rates.read_bytes_per_s;
    rates.read_one_pattern = rates.read_pattern;
  } else {
    measure::BandwidthProbe probe(1, bytes);
    read(probe, bytes, rates.read_one_bytes_per_s, rates.read_one_pattern);
  }
}

std::map<std::string, Peak> peaks(int threads, const std::string& isa) {
  measure::FmaProbe probe(threads);
  std::map<std::string, Peak> out;
  for (const measure::FmaType type : measure::kFmaTypes)
    if (const auto rate = probe.peak(type, machine::host(), isa))
      out[std::string(measure::name_of(type))] = {rate->ops_per_s, std::string(rate->loop)};
  return out;
}

}  // namespace

Rates measure_rates(const RatesRequest& request) {
  Rates rates;
  rates.threads = std::max(static_cast<int>(request.run.threads), 1);
  rates.buffer_bytes = std::clamp(request.memory_bytes, kLeastBytes, kMostBytes);
  const auto bytes = static_cast<uint64_t>(rates.buffer_bytes);
  rates.parts = request.parts;
  read_all(request.parts, bytes, rates);
  if (!request.parts.arithmetic) return rates;
  rates.clock_hz = measure::clock_hz().value_or(0);
  rates.peaks = peaks(rates.threads, request.run.isa);
  rates.peaks_one = rates.threads > 1 ? peaks(1, request.run.isa) : rates.peaks;
  return rates;
}

}  // namespace nety::diag
