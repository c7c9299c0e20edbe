#include "core/backends/native/products/float_rows.h"

#include <fmt/core.h>

#include <algorithm>
#include <span>

#include "core/base/half.h"

namespace nety::native {
namespace {

using kernels::Op;

/// Up to this many tokens, rows are multiplied as they are stored; from there on, unpacking them
/// once costs less.
constexpr int64_t kFewTokens = 4;

/// From this many tokens on, rows that are fp32 are copied as well: then they begin at whole lines
/// of the cache, and not a power of two apart, where a tile's rows meet in a few of its sets.
constexpr int64_t kManyTokens = 64;

/// Floats between rows of an unpacked panel: whole lines, an odd number of them.
int64_t unpacked_stride(int64_t cols) {
  constexpr int64_t kLine = 16;
  return ((cols + kLine - 1) / kLine | 1) * kLine;
}
static_assert(kPanelMargin >= 32);

/// The panel's rows as fp32, unpacked_stride() apart.
void unpack_rows(const Rows& rows) {
  const Weight& w = rows.w;
  const int64_t cols = w.view().cols;
  for (int64_t r = 0; r < rows.count; ++r) {
    float* const to = rows.scratch.panel.data() + r * unpacked_stride(cols);
    if (w.in_place_floats) {
      std::copy_n(w.floats() + (rows.first + r) * cols, cols, to);
      continue;
    }
    w.unpack(w.view(), rows.first + r, to);
    if (w.rounds_rows)
      for (float& value : std::span(to, static_cast<size_t>(cols)))
        value = float_from_bf16(bf16_from_float(value));
  }
}

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
  const bool in_place = w.in_place_floats && rows.tokens < kManyTokens;
  if (!in_place) unpack_rows(rows);
  const float* const panel = in_place ? w.floats() + rows.first * cols : rows.scratch.panel.data();
  rows.cells.get<Op::kFloatPanel>()({panel, in_place ? cols : unpacked_stride(cols), rows.count, x,
                                     x_stride, rows.tokens, cols, y, rows.count});
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
