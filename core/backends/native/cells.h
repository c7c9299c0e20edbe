// The kernel cells of one instruction set, looked up once.
#pragma once

#include <array>

#include "core/kernels/kernels.h"

namespace nety::native {

class Cells {
 public:
  explicit Cells(kernels::Isa isa) : isa_(isa) {
    for (const kernels::Cell& cell : kernels::cells())
      cells_[static_cast<size_t>(cell.op)] = kernels::find_cell(cell.op, cell.format, isa);
  }
  kernels::Isa isa() const { return isa_; }
  /// The function of an operation whose cells are all of one format; null if there is none.
  template <kernels::Op op>
  kernels::Kernel<op> get() const {
    const kernels::Cell* cell = cells_[static_cast<size_t>(op)];
    return cell == nullptr ? nullptr : cell->kernel<op>();
  }

 private:
  kernels::Isa isa_;
  std::array<const kernels::Cell*, kernels::kOperations> cells_{};
};

}  // namespace nety::native
