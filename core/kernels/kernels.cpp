// The table of cells and the choice among them.
#include "core/kernels/kernels.h"

#include <string>
#include <type_traits>

#include "core/base/error.h"

#if defined(__x86_64__)
#define NETY_X86_KERNEL NETY_KERNEL
#else
#define NETY_X86_KERNEL(...)
#endif

namespace nety::kernels {

// Each cell is declared through its own kernel type, so that a wrong signature does not link.
#define NETY_KERNEL(op, format, isa, type, op_id, isa_id) \
  std::remove_pointer_t<type> op##_##format##_##isa;
#include "core/kernels/cells.def"
#undef NETY_KERNEL

namespace {

const Cell kCells[] = {
#define NETY_KERNEL(op, format, isa, type, op_id, isa_id)     \
  {Op::op_id, #format, Isa::isa_id, #op "_" #format "_" #isa, \
   reinterpret_cast<void (*)()>(&op##_##format##_##isa)},
#include "core/kernels/cells.def"
#undef NETY_KERNEL
};

struct Family {
  Isa isa;
  std::string_view name;
  std::string_view needs[7];
};

constexpr Family kFamilies[] = {
    {Isa::kScalar, "scalar", {}},
    {Isa::kAvx2, "avx2", {"avx2", "fma", "f16c"}},
    {Isa::kAvx512,
     "avx512",
     {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni", "avx2"}},
    {Isa::kAvx512Bf16,
     "avx512bf16",
     {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni", "avx2", "avx512_bf16"}},
};

std::string missing_features(const Family& family, const machine::Machine& machine) {
  std::string missing;
  for (const std::string_view feature : family.needs)
    if (!feature.empty() && !machine::has_feature(machine, feature))
      missing += (missing.empty() ? "" : ", ") + std::string(feature);
  return missing;
}

}  // namespace

std::string_view name_of(Isa isa) { return kFamilies[static_cast<size_t>(isa)].name; }

Isa best_isa(const machine::Machine& machine) {
  Isa best = Isa::kScalar;
  for (const Family& family : kFamilies) {
    if (!missing_features(family, machine).empty()) break;
    best = family.isa;
  }
  return best;
}

Isa choose_isa(std::string_view wanted, const machine::Machine& machine) {
  if (wanted.empty()) return best_isa(machine);
  for (const Family& family : kFamilies) {
    if (family.name != wanted) continue;
    const std::string missing = missing_features(family, machine);
    if (missing.empty()) return family.isa;
    throw Error(ErrorKind::kEnvironment,
                "--isa " + std::string(wanted) + ": this processor lacks " + missing,
                "Leave --isa out to use the best family it has: " +
                    std::string(name_of(best_isa(machine))) + ".");
  }
  throw Error(ErrorKind::kUsage, "--isa: unknown kernel family '" + std::string(wanted) + "'",
              "Families: scalar, avx2, avx512, avx512bf16.");
}

std::span<const Cell> cells() { return kCells; }

const Cell* find_cell(Op op, std::string_view format, Isa isa) {
  const Cell* best = nullptr;
  for (const Cell& cell : kCells) {
    if (cell.op != op || cell.format != format || cell.isa > isa) continue;
    if (best == nullptr || cell.isa > best->isa) best = &cell;
  }
  return best;
}

}  // namespace nety::kernels
