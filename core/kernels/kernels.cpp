// The table of cells and the choice among them.
#include "core/kernels/kernels.h"

#include <algorithm>
#include <type_traits>

#include "core/precision/mode.h"

namespace nety::kernels {
namespace {

/// Names in cells.def to ids.
namespace op_named {
#define NETY_OPERATION(name, id, kernel) constexpr Op name = Op::id;
#include "core/kernels/operations.def"
#undef NETY_OPERATION
}  // namespace op_named
namespace isa_named {
#define NETY_ISA(name, id, ...) constexpr Isa name = Isa::id;
#include "core/kernels/isa.def"
#undef NETY_ISA
}  // namespace isa_named

}  // namespace

// Each cell is declared through its operation's kernel type: a wrong signature does not link.
#define NETY_CELL(op, format, isa) \
  std::remove_pointer_t<Kernel<op_named::op>> op##_##format##_##isa;
#include "core/kernels/cells.def"
#undef NETY_CELL

namespace {

const Cell kCells[] = {
#define NETY_CELL(op, format, isa)                                  \
  {op_named::op, #format, isa_named::isa, #op "_" #format "_" #isa, \
   reinterpret_cast<void (*)()>(&op##_##format##_##isa)},
#include "core/kernels/cells.def"
#undef NETY_CELL
};

}  // namespace

std::string_view name_of(Op op) {
  constexpr std::string_view kNames[] = {
#define NETY_OPERATION(name, id, kernel) #name,
#include "core/kernels/operations.def"
#undef NETY_OPERATION
  };
  return kNames[static_cast<size_t>(op)];
}

std::string format_of(precision::ModeId mode) {
  std::string format(precision::mode(mode).name);
  std::replace(format.begin(), format.end(), '-', '_');
  return format;
}

std::span<const Cell> cells() { return kCells; }

const Cell* find_cell(Op op, std::string_view format, Isa isa) {
  const Cell* best = nullptr;
  for (const Cell& cell : kCells) {
    if (cell.op != op || cell.format != format || !includes(isa, cell.isa)) continue;
    if (best == nullptr || includes(cell.isa, best->isa)) best = &cell;
  }
  return best;
}

}  // namespace nety::kernels
