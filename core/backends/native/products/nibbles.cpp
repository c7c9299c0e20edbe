// 4-bit rows times fp32 activations, both in the order of kernels/stored_rows.h, nibble_column().
#include <bit>

#include "core/backends/native/products/float_rows.h"

namespace nety::native {
namespace {

using kernels::kNibbleChunk;
using kernels::kNibbleGroup;
using kernels::Op;

const Form kForm{
    .bytes = kFormValues * static_cast<int64_t>(sizeof(float)),
    .derive = [](const Activations& x, int64_t t, const Cells& /*cells*/, std::byte* form) {
      const float* in = x.row(t);
      float* out = form_row<float>(x, form, t);
      for (int64_t chunk = 0; chunk < x.cols(); chunk += kNibbleChunk)
        for (int64_t i = 0; i < kNibbleChunk; ++i)
          out[chunk + i] = in[chunk + kernels::nibble_column(i)];
    }};

// Rows that blocks cross unevenly are unpacked instead.
bool applies(const precision::MatrixView& w, kernels::Isa isa, model::Compute /*compute*/) {
  const bool even = w.cols % kNibbleGroup == 0 && w.block > 0 && w.block % kNibbleGroup == 0 &&
                    std::has_single_bit(static_cast<uint32_t>(w.block));
  return even && kernels::find_cell(Op::kUnpackNibbles, kernels::format_of(w.mode), isa) != nullptr;
}

void prepare(Weight& w, const Making& making) {
  const std::string format = kernels::format_of(w.mode());
  w.unpack = kernels::kernel<Op::kUnpackNibbles>(format, making.isa);
  w.stored_rows = kernels::kernel<Op::kStoredRows>(format, making.isa);
}

}  // namespace

extern const Product k_nibbles;
const Product k_nibbles{.applies = applies,
                        .prepare = prepare,
                        .multiply = multiply_form_rows,
                        .kernel = float_kernel,
                        .form = &kForm};

}  // namespace nety::native
