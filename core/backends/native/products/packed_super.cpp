// Sixteen rows of a 256-weight format side by side, activations as 8-bit codes in blocks of 256.
#include "core/backends/native/products/pack_rows.h"
#include "core/precision/activation.h"

namespace nety::native {
namespace {

/// From row `first` on.
kernels::SuperActivations super_blocks(const Activations& x, std::byte* form, int64_t first = 0) {
  const int64_t values = x.capacity(), blocks = values / precision::kSuperBlock;
  const int64_t row = x.cols() / precision::kSuperBlock, skipped = first * row;
  auto* group_sums = reinterpret_cast<int32_t*>(form + values);
  auto* sums = reinterpret_cast<int16_t*>(group_sums + 16 * blocks);
  return {reinterpret_cast<int8_t*>(form) + skipped * precision::kSuperBlock,
          reinterpret_cast<float*>(sums + 8 * blocks) + skipped, sums + 8 * skipped,
          group_sums + 16 * skipped, row};
}

// A byte for each value, and for each 256 a float, 8 sums of 16 bits and 16 of 32.
const Form kForm{
    .bytes = kFormValues / precision::kSuperBlock * (precision::kSuperBlock + 4 + 8 * 2 + 16 * 4),
    .derive = [](const Activations& x, int64_t t, const Cells& cells, std::byte* form) {
      cells.get<kernels::Op::kQuantiseSuper>()(x.row(t), x.cols(), super_blocks(x, form), t);
    }};

}  // namespace

extern const Product k_packed_super;
const Product k_packed_super{
    .applies = [](const precision::MatrixView& w, kernels::Isa isa,
                  model::Compute) { return packs(w, isa, precision::kSuperBlock); },
    .prepare = pack_rows,
    .multiply =
        [](const Rows& rows) {
          kernels::PackedProduct product = packed_product(rows);
          product.super = super_blocks(rows.x, rows.form, rows.token);
          rows.w.packed(product);
        },
    .kernel = packed_kernel,
    .form = &kForm,
    .grain = kernels::kPackRows};

}  // namespace nety::native
