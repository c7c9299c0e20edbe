// Activations of one step in the integer forms that products take, and the kernels that make them.
#pragma once

#include <cstdint>

namespace nety::precision {
struct Int8Row;
}

namespace nety::kernels {

/// 16-bit codes in blocks of 32, x[t][k] ~ scale[t][k/32] * code[t][k], each code in two signed
/// bytes: code = kCodeBase * high + low. Rows are padded with zero codes and zero scales to
/// `blocks`, an even number of blocks.
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

/// 8-bit codes in blocks of 256, x[t][k] ~ scale[t][k/256] * code[t][k] (precision/activation.h,
/// quantise_blocks).
struct SuperActivations {
  int8_t* codes;        // [tokens, blocks * 256]
  float* scales;        // [tokens, blocks]
  int16_t* sums;        // [tokens, blocks * 8]: of each 32 codes
  int32_t* group_sums;  // [tokens, blocks * 16]: of each 16 codes
  int64_t blocks;
};

/// One row of x [cols] into activation row `t` (precision/activation.h, quantise_fine).
using QuantiseKernel = void (*)(const float* x, int64_t cols, const BlockActivations& out,
                                int64_t t);
/// The same (quantise_blocks).
using QuantiseSuperKernel = void (*)(const float* x, int64_t cols, const SuperActivations& out,
                                     int64_t t);
/// One row of x [cols] as LLM.int8() rounds it (quantise_row).
using QuantiseRowKernel = void (*)(const float* x, int64_t cols, precision::Int8Row& out);

}  // namespace nety::kernels
