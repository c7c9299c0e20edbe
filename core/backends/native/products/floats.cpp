// Rows as fp32, unpacked if need be, times fp32 activations.
#include "core/backends/native/products/float_rows.h"

namespace nety::native {

extern const Product k_floats;
const Product k_floats{
    .applies = [](const precision::MatrixView& w, kernels::Isa,
                  model::Compute) { return precision::mode(w.mode).activation == "fp32"; },
    .prepare = prepare_float_rows,
    .multiply =
        [](const Rows& rows) {
          multiply_float_rows(rows, rows.x.row(rows.token), rows.x.stride());
        },
    .kernel = float_kernel};

}  // namespace nety::native
