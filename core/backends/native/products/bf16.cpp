// bf16 rows and activations, by products of bf16 pairs.
#include "core/backends/native/linear.h"
#include "core/base/half.h"

namespace nety::native {
namespace {

using kernels::Op;

const Form kForm{
    .bytes = kFormValues * static_cast<int64_t>(sizeof(uint16_t)),
    .derive = [](const Activations& x, int64_t t, const Cells& /*cells*/, std::byte* form) {
      uint16_t* out = form_row<uint16_t>(x, form, t);
      for (int64_t k = 0; k < x.cols(); ++k) out[k] = bf16_from_float(x.row(t)[k]);
    }};

bool applies(const precision::MatrixView& w, kernels::Isa isa, model::Compute /*compute*/) {
  return kernels::find_cell(Op::kBf16Panel, kernels::format_of(w.mode), isa) != nullptr;
}

void multiply(const Rows& rows) {
  const int64_t cols = rows.w.view().cols;
  const auto* panel = reinterpret_cast<const uint16_t*>(rows.w.view().codes) + rows.first * cols;
  rows.cells.get<Op::kBf16Panel>()(
      {panel, cols, rows.count, form_row<uint16_t>(rows.x, rows.form, rows.token), rows.x.stride(),
       rows.tokens, cols, rows.scratch.y.data(), rows.count});
}

}  // namespace

extern const Product k_bf16;
const Product k_bf16{.applies = applies,
                     .prepare = [](Weight&, const Making&) {},
                     .multiply = multiply,
                     .kernel =
                         [](precision::ModeId mode, kernels::Isa isa) {
                           return cell_name(Op::kBf16Panel, kernels::format_of(mode), isa);
                         },
                     .form = &kForm};

}  // namespace nety::native
