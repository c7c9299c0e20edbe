// What a comparison found out besides its verdicts, as findings: protocol, A/A check, what it could
// have seen, what else the machine was doing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/compare.h"
#include "core/base/messages.h"
#include "core/machine/machine.h"

namespace nety::app {

/// A moment of the machine's other work.
struct OtherLoad {
  std::string average;                      ///< Of the last minute; empty: unknown.
  std::optional<uint64_t> stolen, elapsed;  ///< Ticks since boot, of all processors.
};
OtherLoad other_load(const machine::Machine& machine);

std::vector<results::Finding> findings_of_programs(const bench::ComparedPrograms& outcome,
                                                   const bench::CompareRequest& request,
                                                   const OtherLoad& before, const OtherLoad& after,
                                                   Language language);
std::vector<results::Finding> findings_of_files(const bench::ComparedPrograms& outcome,
                                                Language language);

}  // namespace nety::app
