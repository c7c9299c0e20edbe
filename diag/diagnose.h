// All probes, asked one after the other.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "core/base/messages.h"
#include "core/checkpoint/checkpoint.h"
#include "core/machine/machine.h"
#include "core/results/results.h"
#include "diag/probe.h"

namespace nety::diag {

/// What every probe of probes.def finds out about the machine, in the table's order. What cannot
/// be read is a finding with status unknown; nothing throws.
std::vector<results::Finding> diagnose(const Subject& subject);
/// The same of a machine without a model.
std::vector<results::Finding> diagnose(const machine::Machine& machine, Language language);

/// What is worth knowing about a checkpoint that opened: its notices as findings.
std::vector<results::Finding> diagnose(const checkpoint::Checkpoint& checkpoint, Language language);

/// The names of the probes, in order.
std::span<const std::string_view> probe_names();

}  // namespace nety::diag
