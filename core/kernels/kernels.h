// The kernel cells: one function per operation, format and instruction set, working on pointers and
// sizes. Which one runs is decided once, by CPUID, in this table and nowhere else.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/machine/machine.h"
#include "core/precision/activation.h"
#include "core/precision/mode.h"

namespace nety::kernels {

/// Kernel families, each a superset of the one before. kAvx512 means F, BW, DQ, VL and VNNI;
/// kAvx512Bf16 adds the dot product of bf16 pairs.
enum class Isa : uint8_t { kScalar, kAvx2, kAvx512, kAvx512Bf16 };

std::string_view name_of(Isa isa);
/// The best family whose features this process may use.
Isa best_isa(const machine::Machine& machine);
/// The family named `wanted` ("scalar", "avx2", "avx512", "avx512bf16"), or the best one if
/// `wanted` is empty. Errors: kUsage for an unknown name, kEnvironment for one this processor
/// lacks.
Isa choose_isa(std::string_view wanted, const machine::Machine& machine);

/// y[t*y_stride + r] = sum over k of w[r*w_stride + k] * x[t*x_stride + k], for r < rows, t <
/// tokens. fp32; the order of summation depends on k alone, not on rows or tokens.
struct FloatPanel {
  const float* w;
  int64_t w_stride, rows;
  const float* x;
  int64_t x_stride, tokens, cols;
  float* y;
  int64_t y_stride;
};
using FloatPanelKernel = void (*)(const FloatPanel&);

/// Activations of one step as 16-bit codes in blocks of 32, x[t][k] ~ scale[t][k/32] * code[t][k],
/// each code in two signed bytes: code = kCodeBase * high + low. Rows are padded with zero codes
/// and zero scales to `blocks`, an even number of blocks.
struct BlockActivations {
  int8_t* high;        // [tokens, blocks * 32]
  int8_t* low;         // [tokens, blocks * 32]
  float* scales;       // [tokens, blocks]
  float* sums;         // [tokens, blocks]: scale * (sum of the block's codes)
  int32_t* code_sums;  // [tokens, blocks]: sum of the block's codes
  int64_t blocks;
};
/// 255 digits, -127 to 127, so that both bytes can be negated.
inline constexpr int32_t kCodeBase = 254;

/// Weight rows as int8 codes in blocks of 32: w[r][k] ~ scale[r][k/32] * codes[r][k] +
/// min[r][k/32], padded like the activations. `mins` is null where the format has none.
struct BlockRows {
  int8_t* codes;
  float* scales;
  float* mins;
  int64_t rows;
};

/// y[t*y_stride + r] = sum over blocks b of (w_scale * x_scale) * (exact integer dot) + w_min *
/// x_sum.
struct BlockPanel {
  BlockRows w;
  BlockActivations x;
  int64_t tokens;
  float* y;
  int64_t y_stride;
};
using BlockPanelKernel = void (*)(const BlockPanel&);

/// One row of x [cols] into activation row `t` (precision/activation.h, quantise_fine).
using QuantiseKernel = void (*)(const float* x, int64_t cols, const BlockActivations& out,
                                int64_t t);

/// One row of x [cols] as LLM.int8() rounds it (precision/activation.h, quantise_row).
using QuantiseInt8Kernel = void (*)(const float* x, int64_t cols, precision::Int8Row& out);

/// h[i] = silu(g[i]) * u[i], i < n; h may be g.
using SiluKernel = void (*)(const float* g, const float* u, float* h, int64_t n);

/// Attention is cut at multiples of kAttentionStretch positions, so that one token's can be shared
/// among workers and has the same bits with any number of them. Keys lie in blocks of kKeyBlock
/// positions side by side, so that a vector holds one dimension of a block's keys.
inline constexpr int64_t kAttentionStretch = 128, kKeyBlock = 16;

/// Positions [begin, end) of a stretch, at least one.
struct Seen {
  int64_t begin, end;
};

/// Attention of a few tokens, with the query heads that share one key/value head, over one stretch
/// of cached positions. Row r = token * group + g of the results is of token's head g: with
/// s = scale * q . K at the positions that the token has seen and tops[r] = max s,
/// a[r] = sum of exp(s - tops[r]) V and sums[r] = sum of exp(s - tops[r]), in position order.
/// A row's bits do not depend on the other rows. Stretches are put together by whoever cut them.
struct Attention {
  const float* q;  // token's head g at q + token * q_stride + g * head_dim
  int64_t q_stride;
  const void* keys;    // the stretch, [blocks][head_dim][kKeyBlock], fp32 or bf16
  const void* values;  // the stretch, [positions][head_dim], same type
  const Seen* seen;    // [tokens]
  int64_t tokens, group, head_dim;
  float scale;
  float* scores;  // scratch [tokens * group, kAttentionStretch]
  float* a;       // [tokens * group, head_dim]
  float* tops;    // [tokens * group]
  float* sums;    // [tokens * group]

  int64_t rows() const { return tokens * group; }
  const float* query(int64_t row) const {
    return q + row / group * q_stride + row % group * head_dim;
  }
  const Seen& seen_by(int64_t row) const { return seen[row / group]; }
};
using AttentionKernel = void (*)(const Attention&);

/// Row `row` of a weight matrix as fp32 (`out` [cols]): the same bits as ModeFunctions::dequantise.
using UnpackKernel = void (*)(const precision::MatrixView& matrix, int64_t row, float* out);

/// Exact integer dots: y[t*y_stride + r] = sum over k of w[r][k] * x[t][k], rows of `cols` codes.
struct IntegerPanel {
  const int8_t* w;
  int64_t rows;
  const int8_t* x;
  int64_t x_stride, tokens, cols;
  int32_t* y;
  int64_t y_stride;
};
using IntegerPanelKernel = void (*)(const IntegerPanel&);

/// One row of a block format [cols] into row `r` of `out`: codes, scales and mins. Returns whether
/// the format has mins; where it has none, `out.mins` is left alone.
using UnpackBlocksKernel = bool (*)(const std::byte* row, int64_t cols, const BlockRows& out,
                                    int64_t r, int64_t blocks);

/// Activations of one step as 8-bit codes in blocks of 256, x[t][k] ~ scale[t][k/256] * code[t][k]
/// (precision/activation.h, quantise_blocks).
struct SuperActivations {
  int8_t* codes;        // [tokens, blocks * 256]
  float* scales;        // [tokens, blocks]
  int16_t* sums;        // [tokens, blocks * 8]: of each 32 codes
  int32_t* group_sums;  // [tokens, blocks * 16]: of each 16 codes
  int64_t blocks;
};
/// One row of x [cols] into activation row `t`.
using QuantiseSuperKernel = void (*)(const float* x, int64_t cols, const SuperActivations& out,
                                     int64_t t);

/// y[t*y_stride + r] of `panels` panels of sixteen packed rows (packed.h), each of `blocks` blocks;
/// y has room for whole panels. Of the activations, those that the format multiplies with are set.
/// The order of summation depends on the columns alone.
struct PackedProduct {
  const std::byte* w;
  int64_t panels, blocks;
  BlockActivations small;
  SuperActivations super;
  int64_t tokens;
  float* y;
  int64_t y_stride;
};
using PackedKernel = void (*)(const PackedProduct&);

/// One panel from sixteen rows of `blocks` blocks as the file has them.
using PackKernel = void (*)(const std::byte* const* rows, int64_t blocks, std::byte* out);

/// As FloatPanel, both sides bf16.
struct HalfPanel {
  const uint16_t* w;
  int64_t w_stride, rows;
  const uint16_t* x;
  int64_t x_stride, tokens, cols;
  float* y;
  int64_t y_stride;
};
using HalfPanelKernel = void (*)(const HalfPanel&);

/// Rows [first, first + rows) of a stored matrix times a few tokens, without an fp32 panel between:
/// the same bits as the format's unpacking cell and the float panel of the same family.
struct StoredRows {
  const precision::MatrixView* w;
  int64_t first, rows;
  const float* x;
  int64_t x_stride, tokens;
  float* y;
  int64_t y_stride;
};
using StoredRowsKernel = void (*)(const StoredRows&);

/// The order in which the 4-bit cells of stored rows take columns, and x has to come: position i of
/// a chunk of kNibbleChunk holds column nibble_column(i) of it. Eight bytes repeated all over a
/// vector give two dwords of eight codes by turns, so lane i finds its code i / 2 fours of bits up.
/// For weights whose columns and blocks are multiples of kNibbleGroup.
inline constexpr int64_t kNibbleChunk = 16, kNibbleGroup = 64;
inline constexpr int64_t nibble_column(int64_t i) { return i % 2 * 8 + (i / 2 ^ 1); }

/// Weights [rows, cols] to the codes and scales of a mode, the bits that ModeFunctions::quantise
/// gives. Returns false, having written nothing that matters, where it cannot: a value that has no
/// code, or 4-bit weights that are not whole blocks of 64.
using QuantiseRowsKernel = bool (*)(const float* w, int64_t rows, int64_t cols, std::byte* codes,
                                    float* scales);

/// What a cell does; the name of a kernel is op_format_isa. Formats of modes are their names with
/// "_" for
/// "-".
enum class Op : uint8_t {
  kFloatPanel,
  kBlockPanel,
  kIntegerPanel,
  kQuantise,
  kSilu,
  kAttention,
  kUnpack,
  kUnpackBlocks,
  kPack,
  kPacked,
  kQuantiseSuper,
  kHalfPanel,
  kStoredRows,
  kUnpackNibbles,
  kQuantiseInt8,
  kQuantiseRows,
};

/// One row of cells.def.
struct Cell {
  Op op;
  std::string_view format;
  Isa isa;
  std::string_view name;
  void (*function)();
};

std::span<const Cell> cells();
/// The cell for `op` and `format` of the best family not above `isa`; null if there is none.
const Cell* find_cell(Op op, std::string_view format, Isa isa);

/// The function of a cell that must exist (every op has a scalar cell for the formats the table
/// names).
template <class Kernel>
Kernel kernel(Op op, std::string_view format, Isa isa) {
  const Cell* cell = find_cell(op, format, isa);
  return cell == nullptr ? nullptr : reinterpret_cast<Kernel>(cell->function);
}

}  // namespace nety::kernels
