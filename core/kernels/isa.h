// The instruction sets that kernels are written for, and which of them this processor has.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace nety::machine {
class Machine;
}

namespace nety::kernels {

enum class Architecture : uint8_t { kPortable, kX86, kArm };

enum class Isa : uint8_t {
#define NETY_ISA(name, id, ...) id,
#include "core/kernels/isa.def"
#undef NETY_ISA
};

/// One row of isa.def. kAvx512 means F, BW, DQ, VL and VNNI; kAvx512Bf16 adds the dot product of
/// bf16 pairs.
struct InstructionSet {
  Isa id;
  std::string_view name;
  Architecture architecture;
  int rank;                ///< Within its architecture: a higher one includes the lower ones.
  std::string_view needs;  ///< Features, separated by spaces.
};

std::span<const InstructionSet> instruction_sets();
const InstructionSet& instruction_set(Isa isa);
std::string_view name_of(Isa isa);
/// "scalar, avx2, ...", for messages.
std::string isa_names();

/// Whether a processor with `isa` runs kernels written for `other`.
bool includes(Isa isa, Isa other);

/// The best instruction set whose features this process may use.
Isa best_isa(const machine::Machine& machine);
/// The instruction set named `wanted`, or the best one if `wanted` is empty. Errors: kUsage for an
/// unknown name, kEnvironment for one that this processor lacks.
Isa choose_isa(std::string_view wanted, const machine::Machine& machine);

}  // namespace nety::kernels
