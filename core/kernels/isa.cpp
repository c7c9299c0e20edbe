#include "core/kernels/isa.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/machine/machine.h"

namespace nety::kernels {
namespace {

constexpr InstructionSet kInstructionSets[] = {
#define NETY_ISA(name, id, architecture, rank, needs) \
  {Isa::id, #name, Architecture::architecture, rank, needs},
#include "core/kernels/isa.def"
#undef NETY_ISA
};

/// Features that the machine lacks: "fma, f16c".
std::string missing_features(const InstructionSet& set, const machine::Machine& machine) {
  std::string missing;
  std::string_view rest = set.needs;
  while (!rest.empty()) {
    const std::string_view feature = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(feature.size() + 1, rest.size()));
    if (!machine::has_feature(machine, feature))
      missing += (missing.empty() ? "" : ", ") + std::string(feature);
  }
  return missing;
}

}  // namespace

std::span<const InstructionSet> instruction_sets() { return kInstructionSets; }

const InstructionSet& instruction_set(Isa isa) {
  return kInstructionSets[static_cast<size_t>(isa)];
}

std::string_view name_of(Isa isa) { return instruction_set(isa).name; }

std::string isa_names() {
  std::string names;
  for (const InstructionSet& set : kInstructionSets)
    names += (names.empty() ? "" : ", ") + std::string(set.name);
  return names;
}

bool includes(Isa isa, Isa other) {
  const InstructionSet& have = instruction_set(isa);
  const InstructionSet& wanted = instruction_set(other);
  return wanted.architecture == Architecture::kPortable ||
         (wanted.architecture == have.architecture && wanted.rank <= have.rank);
}

Isa best_isa(const machine::Machine& machine) {
  const InstructionSet* best = kInstructionSets;
  for (const InstructionSet& set : kInstructionSets)
    if (includes(set.id, best->id) && missing_features(set, machine).empty()) best = &set;
  return best->id;
}

Isa choose_isa(std::string_view wanted, const machine::Machine& machine) {
  if (wanted.empty()) return best_isa(machine);
  for (const InstructionSet& set : kInstructionSets) {
    if (set.name != wanted) continue;
    const std::string missing = missing_features(set, machine);
    if (missing.empty()) return set.id;
    throw Error(ErrorKind::kEnvironment,
                "--isa " + std::string(wanted) + ": this processor lacks " + missing,
                "Leave --isa out to use the best family it has: " +
                    std::string(name_of(best_isa(machine))) + ".");
  }
  throw Error(ErrorKind::kUsage, "--isa: unknown kernel family '" + std::string(wanted) + "'",
              "Families: " + isa_names() + ".");
}

}  // namespace nety::kernels
