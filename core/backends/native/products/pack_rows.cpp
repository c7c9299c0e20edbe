#include "core/backends/native/products/pack_rows.h"

#include <fmt/core.h>

#include <vector>

#include "core/base/error.h"
#include "core/base/throwing_run.h"
#include "core/precision/gguf_block.h"

namespace nety::native {
namespace {

using kernels::kPackRows;
using kernels::Op;

int64_t blocks_of(const precision::MatrixView& w) {
  return w.cols / precision::mode(w.mode).functions->group;
}

/// `found` is what packing the panel returned.
[[noreturn]] void refuse_block(const Weight& w, int64_t panel, int64_t found) {
  const int64_t place = -1 - found, group = precision::mode(w.mode()).functions->group;
  const int64_t row = panel * kPackRows + place % kPackRows, first = place / kPackRows * group;
  throw Error(ErrorKind::kCheckpoint,
              fmt::format("row {}, columns {} to {}: the scale or minimum of this {} block is no "
                          "finite number",
                          row, first, first + group - 1, precision::mode(w.mode()).name),
              "The file is damaged: download or convert it again.");
}

}  // namespace

bool packs(const precision::MatrixView& w, kernels::Isa isa, int32_t group) {
  return precision::mode(w.mode).functions->group == group &&
         kernels::find_cell(Op::kPacked, kernels::format_of(w.mode), isa) != nullptr;
}

void pack_rows(Weight& w, const Making& making) {
  const std::string format = kernels::format_of(w.mode());
  w.packed = kernels::kernel<Op::kPacked>(format, making.isa);
  const auto pack = kernels::kernel<Op::kPack>(format, making.isa);
  const precision::MatrixView& view = w.view();
  const int64_t blocks = blocks_of(view);
  const int64_t panels = (view.rows + kPackRows - 1) / kPackRows;
  w.panel_bytes = kernels::packed_panel_bytes(w.mode(), view.cols);
  w.packed_bytes = static_cast<uint64_t>(panels) * w.panel_bytes;
  w.panels = making.arena.take(w.packed_bytes);
  const std::vector<std::byte> zeros(w.row_bytes());
  const bool apart = view.exponents != nullptr;
  throwing_run(making.pool, [&](int worker, int workers) {
    std::vector<std::byte> joined(apart ? kPackRows * w.row_bytes() : 0);
    const Share share = share_of(panels, worker, workers);
    for (int64_t panel = share.begin; panel < share.end; ++panel) {
      const std::byte* rows[kPackRows];
      for (int64_t r = 0; r < kPackRows; ++r) {
        const int64_t at = panel * kPackRows + r;
        rows[r] = at < view.rows ? w.row(at) : zeros.data();
        if (!apart || at >= view.rows) continue;
        std::byte* const row = joined.data() + static_cast<size_t>(r) * w.row_bytes();
        precision::join_mxfp4(view, at, row);
        rows[r] = row;
      }
      std::byte* const to = w.panels + static_cast<size_t>(panel) * w.panel_bytes;
      if (const int64_t found = pack(rows, blocks, to); found < 0) refuse_block(w, panel, found);
    }
  });
}

kernels::PackedProduct packed_product(const Rows& rows) {
  const Weight& w = rows.w;
  kernels::PackedProduct product{};
  product.w = w.panels + static_cast<size_t>(rows.first / kPackRows) * w.panel_bytes;
  product.panels = rows.count / kPackRows;
  product.blocks = blocks_of(w.view());
  product.tokens = rows.tokens;
  product.y = rows.scratch.y.data();
  product.y_stride = rows.count;
  return product;
}

std::string packed_kernel(precision::ModeId mode, kernels::Isa isa) {
  return cell_name(Op::kPacked, kernels::format_of(mode), isa);
}

}  // namespace nety::native
