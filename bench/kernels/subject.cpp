// Which operation a cell is.
#include "bench/kernels/subject.h"

#include "bench/kernels/operations.h"

namespace nety::bench {

bool takes_tokens(Op op) {
  return op == Op::kFloatPanel || op == Op::kBlockPanel || op == Op::kIntegerPanel ||
         op == Op::kPacked || op == Op::kBf16Panel || op == Op::kStoredRows;
}

std::optional<Subject> make_subject(const Cell& cell, const Layer& layer, int64_t tokens) {
  const precision::Mode* mode = mode_of(cell.format);
  if (mode != nullptr && layer.cols % mode->functions->group != 0) return std::nullopt;
  switch (cell.op) {
    case Op::kFloatPanel:
      return float_panel(cell, layer, tokens);
    case Op::kBf16Panel:
      return bf16_panel(cell, layer, tokens);
    case Op::kBlockPanel:
      return block_panel(cell, layer, tokens);
    case Op::kIntegerPanel:
      return integer_panel(cell, layer, tokens);
    case Op::kPacked:
      return packed(cell, layer, tokens, *mode);
    case Op::kStoredRows:
      return stored_rows(cell, layer, tokens, *mode);
    case Op::kPack:
      return pack(cell, layer, *mode);
    case Op::kUnpack:
      return unpack(cell, layer, *mode, false);
    case Op::kUnpackNibbles:
      return unpack(cell, layer, *mode, true);
    case Op::kUnpackBlocks:
      return unpack_blocks(cell, layer, *mode);
    case Op::kSilu:
      return silu(cell, layer);
    case Op::kGelu:
      return gelu(cell, layer);
    case Op::kSoftCap:
      return soft_cap(cell, layer);
    case Op::kQuantise:
      return quantise_fine(cell, layer);
    case Op::kQuantiseSuper:
      return layer.cols % 256 == 0 ? std::optional(quantise_super(cell, layer)) : std::nullopt;
    case Op::kQuantiseRow:
      return quantise_row(cell, layer);
    case Op::kAttention:
      return attention(cell, layer.cols);
    default:
      return std::nullopt;
  }
}

}  // namespace nety::bench
