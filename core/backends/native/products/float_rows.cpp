#include "core/backends/native/products/float_rows.h"

#include <fmt/core.h>

#include <span>

#include "core/base/half.h"

namespace nety::native {
namespace {

using kernels::Op;

/// Up to this many tokens, rows are multiplied as they are stored; from there on, unpacking them
/// once costs less.
constexpr int64_t kFewTokens = 4;

}  // namespace

void prepare_float_rows(Weight& w, const Making& making) {
  const precision::Mode& mode = precision::mode(w.mode());
  const std::string format = kernels::format_of(mode.id);
  w.unpack = kernels::kernel<Op::kUnpack>(format, making.isa);
  if (w.unpack == nullptr) w.unpack = mode.functions->dequantise;
  if (mode.kind != precision::ModeKind::kQuantised)
    w.stored_rows = kernels::kernel<Op::kStoredRows>(format, making.isa);
  const bool aligned = reinterpret_cast<uintptr_t>(w.view().codes) % alignof(float) == 0;
  w.in_place_floats = mode.id == precision::ModeId::fp32 && aligned;
}

void multiply_float_rows(const Rows& rows, const float* x, int64_t x_stride) {
  const Weight& w = rows.w;
  const int64_t cols = w.view().cols;
  float* y = rows.scratch.y.data();
  if (w.stored_rows != nullptr && rows.tokens <= kFewTokens)
    return w.stored_rows(
        {&w.view(), rows.first, rows.count, x, x_stride, rows.tokens, y, rows.count});
  const float* panel = w.floats() + rows.first * cols;
  if (!w.in_place_floats) {
    float* unpacked = rows.scratch.panel.data();
    for (int64_t r = 0; r < rows.count; ++r)
      w.unpack(w.view(), rows.first + r, unpacked + r * cols);
    if (w.rounds_rows)
      for (float& value : std::span(unpacked, static_cast<size_t>(rows.count * cols)))
        value = float_from_bf16(bf16_from_float(value));
    panel = unpacked;
  }
  rows.cells.get<Op::kFloatPanel>()(
      {panel, cols, rows.count, x, x_stride, rows.tokens, cols, y, rows.count});
}

void multiply_form_rows(const Rows& rows) {
  multiply_float_rows(rows, form_row<float>(rows.x, rows.form, rows.token), rows.x.stride());
}

std::string float_kernel(precision::ModeId mode, kernels::Isa isa) {
  const std::string panel = cell_name(Op::kFloatPanel, "fp32", isa);
  if (mode == precision::ModeId::fp32) return panel;
  const std::string format = kernels::format_of(mode);
  if (const std::string rows = cell_name(Op::kStoredRows, format, isa); !rows.empty())
    return fmt::format("{}+{}", rows, panel);
  const std::string unpack = cell_name(Op::kUnpack, format, isa);
  return fmt::format("{}+{}", unpack.empty() ? "dequantise_scalar" : unpack, panel);
}

}  // namespace nety::native
