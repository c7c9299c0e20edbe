#include "diag/needs.h"

#include <algorithm>

#include "diag/quantities.h"

namespace nety::diag {
namespace {

void add_trial(Needs& needs, ModeOnBackend trial, const std::string& stored_mode) {
  if (trial.mode == "stored" && !stored_mode.empty()) trial.mode = stored_mode;
  if (trial.backend.empty()) trial.backend = "native";
  if (std::find(needs.trials.begin(), needs.trials.end(), trial) == needs.trials.end())
    needs.trials.push_back(std::move(trial));
}

void add_source(Needs& needs, Source source) {
  needs.rates.bandwidth |= source == Source::kBandwidth;
  needs.rates.bandwidth_one |= source == Source::kBandwidthOne;
  needs.rates.triad |= source == Source::kTriad;
  needs.rates.arithmetic |= source == Source::kArithmetic;
  needs.drivers |= source == Source::kDrivers;
}

/// By the id: viability.h and stack.h say what theirs look like.
void add_finding(Needs& needs, const std::string& id, const std::string& stored_mode) {
  const auto below = [&id](std::string_view prefix) { return id.starts_with(prefix); };
  if (below("mode.")) {
    const size_t dot = id.find('.', 5);
    const std::string backend = dot == std::string::npos ? "" : id.substr(dot + 1);
    add_trial(needs, {id.substr(5, dot - 5), backend}, stored_mode);
  }
  needs.stack = needs.stack || below("stack.");
  needs.disk = needs.disk || below("disk.");
  needs.backends = needs.backends || below("backend.");
  needs.drivers = needs.drivers || below("gpu");
  needs.rates.bandwidth |= id == "memory.bandwidth";
  needs.rates.bandwidth_one |= id == "memory.bandwidth_one";
  needs.rates.triad |= id == "memory.triad";
  needs.rates.arithmetic |= below("cpu.fma.");
}

}  // namespace

Needs needs_of(std::span<const Requirement> requirements, const std::string& stored_mode) {
  Needs needs;
  if (requirements.empty()) {
    needs.everything = needs.drivers = needs.stack = needs.disk = needs.backends = true;
    needs.rates = RateParts::all();
    return needs;
  }
  for (const Requirement& requirement : requirements) {
    switch (requirement.kind) {
      case RequirementKind::kQuantity:
        add_source(needs, find_quantity(requirement.name)->source);
        break;
      case RequirementKind::kMode:
        add_trial(needs, {requirement.name, requirement.backend}, stored_mode);
        break;
      case RequirementKind::kFinding:
        add_finding(needs, requirement.name, stored_mode);
        break;
      case RequirementKind::kFeature:
      case RequirementKind::kFits:
        break;
    }
  }
  return needs;
}

}  // namespace nety::diag
