// Sixteen rows of a 32-weight format side by side, activations as 16-bit codes: integer products.
#include "core/backends/native/products/fine_blocks.h"
#include "core/backends/native/products/pack_rows.h"
#include "core/precision/activation.h"

namespace nety::native {

extern const Product k_packed;
const Product k_packed{.applies = [](const precision::MatrixView& w, kernels::Isa isa,
                                     model::Compute) { return packs(w, isa, precision::kBlock); },
                       .prepare = pack_rows,
                       .multiply =
                           [](const Rows& rows) {
                             kernels::PackedProduct product = packed_product(rows);
                             product.small = fine_blocks(rows.x, rows.form, rows.token);
                             rows.w.packed(product);
                           },
                       .kernel = packed_kernel,
                       .form = &kFineBlocks,
                       .grain = kernels::kPackRows};

}  // namespace nety::native
