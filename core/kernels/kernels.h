// The table of kernel cells: one function per operation, format and instruction set, working on
// pointers and sizes. Which one runs is decided once, by CPUID, in this table and nowhere else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/kernels/activations.h"
#include "core/kernels/attention.h"
#include "core/kernels/gelu.h"
#include "core/kernels/isa.h"
#include "core/kernels/packed.h"
#include "core/kernels/panels.h"
#include "core/kernels/silu.h"
#include "core/kernels/soft_cap.h"
#include "core/kernels/stored_rows.h"

namespace nety::kernels {

enum class Op : uint8_t {
#define NETY_OPERATION(name, id, kernel) id,
#include "core/kernels/operations.def"
#undef NETY_OPERATION
};

inline constexpr size_t kOperations = 0
#define NETY_OPERATION(name, id, kernel) +1
#include "core/kernels/operations.def"
#undef NETY_OPERATION
    ;

/// As cells.def has it: "float_panel".
std::string_view name_of(Op op);

/// The kernel type of an operation.
template <Op op>
struct KernelOf;
#define NETY_OPERATION(name, id, kernel) \
  template <>                            \
  struct KernelOf<Op::id> {              \
    using Type = kernel;                 \
  };
#include "core/kernels/operations.def"
#undef NETY_OPERATION
template <Op op>
using Kernel = typename KernelOf<op>::Type;

/// A mode's name as cells.def has it: "nf4_dq".
std::string format_of(precision::ModeId mode);

/// One row of cells.def.
struct Cell {
  Op op;
  std::string_view format;  ///< Of a mode (format_of), or of activations.
  Isa isa;
  std::string_view name;  ///< <op>_<format>_<isa>
  void (*function)();

  /// The cell's function; null if `wanted` is not its operation.
  template <Op wanted>
  Kernel<wanted> kernel() const {
    return op == wanted ? reinterpret_cast<Kernel<wanted>>(function) : nullptr;
  }
};

std::span<const Cell> cells();
/// The best cell for `op` and `format` that `isa` runs; null if there is none.
const Cell* find_cell(Op op, std::string_view format, Isa isa);

/// Its function, or null.
template <Op op>
Kernel<op> kernel(std::string_view format, Isa isa) {
  const Cell* cell = find_cell(op, format, isa);
  return cell == nullptr ? nullptr : cell->kernel<op>();
}

}  // namespace nety::kernels
