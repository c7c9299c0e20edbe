// What the products with packed rows share: sixteen rows side by side, packed when a weight is
// made.
#pragma once

#include "core/backends/native/linear.h"

namespace nety::native {

/// Whether rows of `w`, in groups of `group` weights, are packed.
bool packs(const precision::MatrixView& w, kernels::Isa isa, int32_t group);

/// Panels of sixteen rows from the rows as the file has them, by all threads.
void pack_rows(Weight& w, const Making& making);

/// The product but for its activations.
kernels::PackedProduct packed_product(const Rows& rows);

std::string packed_kernel(precision::ModeId mode, kernels::Isa isa);

}  // namespace nety::native
