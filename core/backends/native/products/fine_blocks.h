// Activations as 16-bit codes in blocks of 32: what formats of 32 weights are multiplied with.
#pragma once

#include "core/backends/native/activations.h"
#include "core/kernels/activations.h"

namespace nety::native {

extern const Form kFineBlocks;

/// Blocks of a row: an even number.
inline int64_t padded_blocks(int64_t cols) { return (cols / 32 + 1) / 2 * 2; }

/// The form as kernels take it, from row `first` on.
kernels::BlockActivations fine_blocks(const Activations& x, std::byte* form, int64_t first = 0);

}  // namespace nety::native
