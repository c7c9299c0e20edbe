// What bitsandbytes 0.50.2 computes on a CPU where NETY means to differ: its rule that a column is
// an outlier for a whole batch, its output constant, its train-mode product, its AVX512_BF16 path
// and its AVX-512 dequantisation bug. Only for the golden vectors; the product has none of this.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace nety::precision {

/// The constant of its int8 outputs on a CPU: 1/16129 with a digit lost.
inline constexpr float kCpuOutputConstant = 6.200124e-05F;

/// A batch of activations [rows, cols] as its `int8_vectorwise_quant` sees it.
struct Int8Batch {
  std::vector<int8_t> codes;             ///< CA [rows, cols]
  std::vector<float> scales;             ///< SCA [rows]
  std::vector<int64_t> outlier_columns;  ///< Any row's outlier makes one.
};
Int8Batch quantise_batch(std::span<const float> x, int64_t rows, int64_t cols, float threshold);

/// CA times CB, exactly: [rows, n].
std::vector<int64_t> integer_product(const Int8Batch& batch, std::span<const int8_t> weights,
                                     int64_t rows, int64_t cols);

/// Its int8 linear layer in eval mode, activations x [rows, cols] in fp32, weights CB [n, cols] and
/// SCB [n], bias [n] or empty: y [rows, n].
std::vector<float> int8_linear(std::span<const float> x, int64_t rows,
                               std::span<const int8_t> weights, std::span<const float> scales,
                               std::span<const float> bias, float threshold, float constant);

/// The same layer in train mode: x times CB * (SCB * (1/127)).
std::vector<float> int8_linear_training(std::span<const float> x, int64_t rows,
                                        std::span<const int8_t> weights,
                                        std::span<const float> scales, std::span<const float> bias);

/// x [rows, cols] times weights [n, cols] plus bias, summed in fp64.
std::vector<float> float_linear(std::span<const float> x, int64_t rows,
                                std::span<const float> weights, std::span<const float> bias);

/// Its 4-bit linear layer on a CPU with AVX512_BF16: x, the codebook and absmax rounded to bf16, a
/// block's products summed in fp32, the output rounded to bf16. `codes` one per weight [n * cols].
std::vector<float> four_bit_linear_bf16(std::span<const float> x, int64_t rows,
                                        std::span<const uint8_t> codes,
                                        std::span<const float> values,
                                        std::span<const float> absmax, int64_t block,
                                        std::span<const float> bias);

/// How it packs codes [n, cols] for that path: tiles of 32 rows, bytes of rows r and r + 16.
std::vector<uint8_t> pack_for_bf16(std::span<const uint8_t> codes, int64_t cols);

}  // namespace nety::precision
