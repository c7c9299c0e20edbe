// Every instruction set of the table, for tests that run on each.
#pragma once

#include <vector>

#include "core/kernels/isa.h"
#include "core/machine/machine.h"

namespace nety::kernels {

inline std::vector<Isa> every_isa() {
  std::vector<Isa> all;
  for (const InstructionSet& set : instruction_sets()) all.push_back(set.id);
  return all;
}

inline bool runs_here(Isa isa) { return includes(best_isa(machine::host()), isa); }

}  // namespace nety::kernels
