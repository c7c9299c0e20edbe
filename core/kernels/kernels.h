// The kernel cells: one function per operation, format and instruction set, working on pointers and
// sizes. Which one runs is decided once, by CPUID, in this table and nowhere else.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/machine/machine.h"
#include "core/precision/mode.h"

namespace nety::kernels {

/// Kernel families, each a superset of the one before. kAvx512 means F, BW, DQ, VL and VNNI.
enum class Isa : uint8_t { kScalar, kAvx2, kAvx512 };

std::string_view name_of(Isa isa);
/// The best family whose features this process may use.
Isa best_isa(const machine::Machine& machine);
/// The family named `wanted` ("scalar", "avx2", "avx512"), or the best one if `wanted` is empty.
/// Errors: kUsage for an unknown name, kEnvironment for one this processor lacks.
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

/// h[i] = silu(g[i]) * u[i], i < n; h may be g.
using SiluKernel = void (*)(const float* g, const float* u, float* h, int64_t n);

/// Attention of one token for the query heads that share one key/value head, over `length` cached
/// positions: a[g] = softmax(scale * q[g] . K) V, in position order.
struct Attention {
  const float* q;      // [group, head_dim]
  const void* keys;    // [length, head_dim] with `stride` elements between positions, fp32 or bf16
  const void* values;  // same
  int64_t stride, length, group, head_dim;
  float scale;
  float* scores;  // scratch [group, length]
  float* a;       // [group, head_dim]
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
