// Sizes of packed weights, asked of the cells that pack them.
#include "core/kernels/packed.h"

#include "core/kernels/kernels.h"
#include "core/precision/mode.h"

namespace nety::kernels {

uint64_t packed_panel_bytes(precision::ModeId mode, int64_t cols) {
  const PackKernel pack = kernel<Op::kPack>(format_of(mode), Isa::kScalar);
  if (pack == nullptr) return 0;
  return static_cast<uint64_t>(
      pack(nullptr, cols / precision::mode(mode).functions->group, nullptr));
}

uint64_t packed_bytes(precision::ModeId mode, int64_t rows, int64_t cols) {
  const auto panels = static_cast<uint64_t>((rows + kPackRows - 1) / kPackRows);
  return panels * packed_panel_bytes(mode, cols);
}

}  // namespace nety::kernels
