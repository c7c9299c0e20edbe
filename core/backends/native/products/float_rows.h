// What the products in fp32 share: few tokens are multiplied with rows as they are stored, more
// with a panel of rows unpacked to fp32.
#pragma once

#include "core/backends/native/linear.h"

namespace nety::native {

/// Looks up how rows become fp32, and whether a few tokens are multiplied with them as stored.
void prepare_float_rows(Weight& w, const Making& making);

/// `x` [tokens, cols], x_stride apart, in the order of columns that the rows are unpacked in.
void multiply_float_rows(const Rows& rows, const float* x, int64_t x_stride);

/// The same with the fp32 values that the product's form holds.
void multiply_form_rows(const Rows& rows);

/// "stored_rows_bf16_avx2+float_panel_fp32_avx2"
std::string float_kernel(precision::ModeId mode, kernels::Isa isa);

}  // namespace nety::native
