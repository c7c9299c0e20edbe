// Rows as fp32 times activations, both rounded to bf16 where they are not: the arithmetic of bf16
// without instructions for it, and `--compute bf16`.
#include "core/backends/native/products/float_rows.h"
#include "core/base/half.h"
#include "core/precision/compute.h"

namespace nety::native {
namespace {

const Form kForm{
    .bytes = kFormValues * static_cast<int64_t>(sizeof(float)),
    .derive = [](const Activations& x, int64_t t, const Cells& /*cells*/, std::byte* form) {
      float* out = form_row<float>(x, form, t);
      for (int64_t k = 0; k < x.cols(); ++k) out[k] = float_from_bf16(bf16_from_float(x.row(t)[k]));
    }};

bool applies(const precision::MatrixView& w, kernels::Isa /*isa*/, model::Compute compute) {
  const precision::Mode& mode = precision::mode(w.mode);
  return mode.activation == "bf16" ||
         (compute == model::Compute::kBf16 && precision::takes_compute(mode));
}

}  // namespace

extern const Product k_rounded;
const Product k_rounded{.applies = applies,
                        .prepare =
                            [](Weight& w, const Making& making) {
                              prepare_float_rows(w, making);
                              w.rounds_rows = precision::takes_compute(precision::mode(w.mode()));
                            },
                        .multiply = multiply_form_rows,
                        .kernel = float_kernel,
                        .form = &kForm};

}  // namespace nety::native
