// The mode's own scalar product: for formats without kernels.
#include <algorithm>

#include "core/backends/native/linear.h"

namespace nety::native {
namespace {

void multiply(const Rows& rows) {
  const auto function = precision::mode(rows.w.mode()).functions->multiply;
  float* column = rows.scratch.column.data();
  for (int64_t t = 0; t < rows.tokens; ++t) {
    function(rows.w.view(), rows.x.row(rows.token + t), column, rows.first,
             rows.first + rows.count);
    std::copy_n(column + rows.first, rows.count, rows.scratch.y.data() + t * rows.count);
  }
}

}  // namespace

extern const Product k_reference;
const Product k_reference{
    .applies = [](const precision::MatrixView&, kernels::Isa, model::Compute) { return true; },
    .prepare = [](Weight&, const Making&) {},
    .multiply = multiply,
    .kernel = [](precision::ModeId, kernels::Isa) { return std::string("reference_scalar"); },
    .takes_column = true};

}  // namespace nety::native
