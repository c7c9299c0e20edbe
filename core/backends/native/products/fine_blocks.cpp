#include "core/backends/native/products/fine_blocks.h"

#include <algorithm>

#include "core/backends/native/cells.h"

namespace nety::native {
namespace {

void derive(const Activations& x, int64_t t, const Cells& cells, std::byte* form) {
  const kernels::BlockActivations out = fine_blocks(x, form);
  if (out.blocks * 32 > x.cols()) {  // an odd number of blocks: the last of the row is padding
    const int64_t last = (t + 1) * out.blocks - 1;
    std::fill_n(out.high + last * 32, 32, int8_t{0});
    std::fill_n(out.low + last * 32, 32, int8_t{0});
    out.scales[last] = out.sums[last] = 0;
    out.code_sums[last] = 0;
  }
  cells.get<kernels::Op::kQuantise>()(x.row(t), x.cols(), out, t);
}

}  // namespace

// Two bytes for each value, and for each 32 two floats and an integer.
const Form kFineBlocks{.bytes = kFormValues * 2 + kFormValues / 32 * 3 * 4, .derive = derive};

kernels::BlockActivations fine_blocks(const Activations& x, std::byte* form, int64_t first) {
  const int64_t values = x.capacity(), blocks = values / 32;
  const int64_t row = padded_blocks(x.cols()), skipped = first * row;
  auto* codes = reinterpret_cast<int8_t*>(form) + skipped * 32;
  auto* numbers = reinterpret_cast<float*>(form + 2 * values) + skipped;
  return {codes,
          codes + values,
          numbers,
          numbers + blocks,
          reinterpret_cast<int32_t*>(numbers + 2 * blocks),
          row};
}

}  // namespace nety::native
