// Rows as int8 in blocks of 32 with activations as 16-bit codes: integer products.
#include <algorithm>

#include "core/backends/native/linear.h"
#include "core/backends/native/products/fine_blocks.h"

namespace nety::native {
namespace {

using kernels::Op;

bool applies(const precision::MatrixView& w, kernels::Isa isa, model::Compute /*compute*/) {
  return kernels::find_cell(Op::kUnpackBlocks, kernels::format_of(w.mode), isa) != nullptr;
}

void multiply(const Rows& rows) {
  const int64_t cols = rows.w.view().cols;
  const int64_t blocks = padded_blocks(cols);
  Scratch& scratch = rows.scratch;
  kernels::BlockRows panel{scratch.codes.data(), scratch.scales.data(), scratch.mins.data(),
                           rows.count};
  bool has_mins = false;
  for (int64_t r = 0; r < rows.count; ++r) {
    const int64_t end = (r + 1) * blocks;
    if (blocks * 32 > cols) {  // an odd number of blocks: the last of the row is padding
      std::fill_n(panel.codes + (end - 1) * 32, 32, int8_t{0});
      panel.scales[end - 1] = panel.mins[end - 1] = 0;
    }
    has_mins = rows.w.unpack_blocks(rows.w.row(rows.first + r), cols, panel, r, blocks);
  }
  if (!has_mins) panel.mins = nullptr;
  rows.cells.get<Op::kBlockPanel>()({panel, fine_blocks(rows.x, rows.form, rows.token), rows.tokens,
                                     scratch.y.data(), rows.count});
}

}  // namespace

extern const Product k_blocks;
const Product k_blocks{
    .applies = applies,
    .prepare =
        [](Weight& w, const Making& making) {
          w.unpack_blocks =
              kernels::kernel<Op::kUnpackBlocks>(kernels::format_of(w.mode()), making.isa);
        },
    .multiply = multiply,
    .kernel = [](precision::ModeId,
                 kernels::Isa isa) { return cell_name(Op::kBlockPanel, "q8", isa); },
    .form = &kFineBlocks};

}  // namespace nety::native
