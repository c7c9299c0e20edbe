// LLM.int8(): int8 rows and activations, exact integer products, outliers in fp32. y = sum * (SCA *
// SCB) / 127^2, then the outliers' columns with the activation as it is (the arithmetic of
// precision/int8.cpp).
#include "core/backends/native/linear.h"
#include "core/precision/activation.h"

namespace nety::native {
namespace {

using kernels::Op;
using precision::Int8Row;

/// The form: codes int8 [tokens, stride]; columns of outliers int32 [tokens, stride]; and in what
/// the margin of these leaves, rows [tokens].
struct IntegerForm {
  int8_t* codes;
  int32_t* outliers;
  Int8Row* rows;
};
static_assert(Activations::kMargin * 4 >= 64 * 4 + sizeof(Int8Row));  // 64: see stride()

IntegerForm integer_form(const Activations& x, std::byte* form) {
  const int64_t values = x.capacity();
  auto* const end = form + values * 5;
  // The storage ends at a multiple of 256 bytes, so they are aligned.
  auto* const rows = reinterpret_cast<Int8Row*>(end) - x.tokens();
  return {reinterpret_cast<int8_t*>(form), reinterpret_cast<int32_t*>(form + values), rows};
}

const Form kForm{
    .bytes = kFormValues * (1 + 4),
    .derive = [](const Activations& x, int64_t t, const Cells& cells, std::byte* form) {
      const IntegerForm to = integer_form(x, form);
      Int8Row& row = to.rows[t];
      row = {.codes = to.codes + t * x.stride(), .outliers = to.outliers + t * x.stride()};
      cells.get<Op::kQuantiseRow>()(x.row(t), x.cols(), row);
    }};

bool applies(const precision::MatrixView& w, kernels::Isa isa, model::Compute /*compute*/) {
  return kernels::find_cell(Op::kIntegerPanel, kernels::format_of(w.mode), isa) != nullptr;
}

void multiply(const Rows& rows) {
  const int64_t cols = rows.w.view().cols, count = rows.count;
  const int8_t* codes = reinterpret_cast<const int8_t*>(rows.w.view().codes) + rows.first * cols;
  const float* scales = rows.w.view().scales + rows.first;
  const IntegerForm x = integer_form(rows.x, rows.form);
  Scratch& scratch = rows.scratch;
  rows.cells.get<Op::kIntegerPanel>()({codes, count, x.codes + rows.token * rows.x.stride(),
                                       rows.x.stride(), rows.tokens, cols, scratch.sums.data(),
                                       count});
  for (int64_t t = 0; t < rows.tokens; ++t) {
    const Int8Row row = x.rows[rows.token + t];
    const int32_t* sums = scratch.sums.data() + t * count;
    float* y = scratch.y.data() + t * count;
    for (int64_t r = 0; r < count; ++r)
      y[r] = static_cast<float>(sums[r]) * (row.scale * scales[r]) * (1.0F / 16129.0F);
    if (row.outlier_count == 0) continue;
    for (int64_t r = 0; r < count; ++r) {
      float exact = 0;
      for (int32_t j = 0; j < row.outlier_count; ++j) {
        const int32_t k = row.outliers[j];
        exact += rows.x.row(rows.token + t)[k] *
                 ((static_cast<float>(codes[r * cols + k]) * scales[r]) * (1.0F / 127.0F));
      }
      y[r] += exact;
    }
  }
}

}  // namespace

extern const Product k_integer;
const Product k_integer{
    .applies = applies,
    .prepare = [](Weight&, const Making&) {},
    .multiply = multiply,
    .kernel = [](precision::ModeId,
                 kernels::Isa isa) { return cell_name(Op::kIntegerPanel, "int8", isa); },
    .form = &kForm};

}  // namespace nety::native
