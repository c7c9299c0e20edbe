// Blocks of 32 weights to int8 codes, scales and mins (precision/layout.h).
#include "core/kernels/panels.h"
#include "core/precision/gguf_block.h"
#include "core/precision/layout.h"

namespace nety::kernels {
namespace {

using precision::fp16_at;

// The blocks of row `r`: scales, mins where the format has them, and codes by codes_of(block, out).
template <class Layout, bool has_min, class CodesOf>
bool unpack_blocks(const std::byte* row, int64_t cols, const BlockRows& out, int64_t r,
                   int64_t blocks, CodesOf codes_of) {
  for (int64_t b = 0; b < cols / 32; ++b, row += Layout::kBytes) {
    const int64_t at = r * blocks + b;
    out.scales[at] = fp16_at(row + Layout::kScale);
    if constexpr (has_min) out.mins[at] = fp16_at(row + Layout::kMin);
    codes_of(row, out.codes + at * 32);
  }
  return has_min;
}

void subtract(int8_t* codes, int8_t offset) {
  for (int i = 0; i < 32; ++i) codes[i] = static_cast<int8_t>(codes[i] - offset);
}

}  // namespace

bool unpack_blocks_q8_0_scalar(const std::byte* row, int64_t cols, const BlockRows& out, int64_t r,
                               int64_t blocks) {
  using Layout = precision::Q8_0;
  return unpack_blocks<Layout, false>(row, cols, out, r, blocks,
                                      [](const std::byte* block, int8_t* codes) {
                                        for (int i = 0; i < 32; ++i)
                                          codes[i] = static_cast<int8_t>(block[Layout::kCodes + i]);
                                      });
}

bool unpack_blocks_q4_0_scalar(const std::byte* row, int64_t cols, const BlockRows& out, int64_t r,
                               int64_t blocks) {
  using Layout = precision::Q4_0;
  return unpack_blocks<Layout, false>(row, cols, out, r, blocks,
                                      [](const std::byte* block, int8_t* codes) {
                                        precision::unpack_nibbles(block + Layout::kCodes, codes);
                                        subtract(codes, 8);
                                      });
}

bool unpack_blocks_q4_1_scalar(const std::byte* row, int64_t cols, const BlockRows& out, int64_t r,
                               int64_t blocks) {
  using Layout = precision::Q4_1;
  return unpack_blocks<Layout, true>(row, cols, out, r, blocks,
                                     [](const std::byte* block, int8_t* codes) {
                                       precision::unpack_nibbles(block + Layout::kCodes, codes);
                                     });
}

bool unpack_blocks_q5_0_scalar(const std::byte* row, int64_t cols, const BlockRows& out, int64_t r,
                               int64_t blocks) {
  using Layout = precision::Q5_0;
  return unpack_blocks<Layout, false>(row, cols, out, r, blocks,
                                      [](const std::byte* block, int8_t* codes) {
                                        precision::unpack_nibbles(block + Layout::kCodes, codes);
                                        precision::add_fifth_bits(block + Layout::kHigh, codes);
                                        subtract(codes, 16);
                                      });
}

bool unpack_blocks_q5_1_scalar(const std::byte* row, int64_t cols, const BlockRows& out, int64_t r,
                               int64_t blocks) {
  using Layout = precision::Q5_1;
  return unpack_blocks<Layout, true>(row, cols, out, r, blocks,
                                     [](const std::byte* block, int8_t* codes) {
                                       precision::unpack_nibbles(block + Layout::kCodes, codes);
                                       precision::add_fifth_bits(block + Layout::kHigh, codes);
                                     });
}

bool unpack_blocks_iq4_nl_scalar(const std::byte* row, int64_t cols, const BlockRows& out,
                                 int64_t r, int64_t blocks) {
  using Layout = precision::Iq4Nl;
  return unpack_blocks<Layout, false>(row, cols, out, r, blocks,
                                      [](const std::byte* block, int8_t* codes) {
                                        precision::unpack_nibbles(block + Layout::kCodes, codes);
                                        for (int i = 0; i < 32; ++i)
                                          codes[i] = Layout::kValues[static_cast<size_t>(codes[i])];
                                      });
}

}  // namespace nety::kernels
