// How activations are rounded to integers before integer products: the reference that the kernels'
// own copies are tested against.
#pragma once

#include <cstdint>

namespace nety::precision {

/// Activations of at least this magnitude, once rounded to fp16, are outliers in LLM.int8().
inline constexpr float kOutlierThreshold = 6.0F;

/// One activation row as LLM.int8() sees it. The storage is the caller's.
struct Int8Row {
  int8_t* codes = nullptr;      ///< [cols]; 0 where the activation is an outlier.
  int32_t* outliers = nullptr;  ///< [cols] of room: the columns of outliers, ascending.
  int32_t outlier_count = 0;
  float scale = 0;  ///< SCA: the largest |fp16(x)| that is no outlier; x is near codes * SCA / 127.
};

/// Rounds x [cols] to int8 (bitsandbytes, `int8_vectorwise_quant`, for a single row):
///   h = fp16(x); outlier where |h| >= threshold (none if threshold is 0); SCA = max |h| of the
///   others; code = round_half_even(h * ((1 / SCA) * 127)), all in fp32. The inverse is rounded
///   twice because torch divides a number by a tensor that way.
/// A row without a nonzero value has SCA 0 and codes 0. A value that overflows fp16 is infinite,
/// hence an outlier; without a threshold, or with a NaN in the row, SCA is NaN and codes are 0, so
/// that the product is NaN and not a plausible number.
void quantise_row(const float* x, int64_t cols, float threshold, Int8Row& row);

/// Activations in blocks of 8-bit codes, as k-quants multiply them. The storage is the caller's.
struct Int8Blocks {
  int8_t* codes = nullptr;  ///< [cols], -127 to 127.
  float* scales = nullptr;  ///< [cols / block]: x is about codes * scale.
  int16_t* sums = nullptr;  ///< [cols / sum_group]: the sum of each group of codes.
};

/// Weights per block and per sum of the formats with blocks of 32 weights (q4_0 ... q8_0, iq4_nl).
inline constexpr int32_t kBlock = 32;
inline constexpr int32_t kBlockSumGroup = 32;
/// The same of the formats with blocks of 256 weights (k-quants).
inline constexpr int32_t kSuperBlock = 256;
inline constexpr int32_t kSuperBlockSumGroup = 16;

/// Rounds x [cols] to int8 in blocks of kBlock or kSuperBlock; cols is a multiple of `block`.
///   amax = max |x| of the block; scale = amax / 127; code = round_half_even(x * (127 / amax)),
/// all in fp32. Where 127 / amax overflows (amax below 3.8e-37, zero included) scale and codes are
/// 0. In a block with a NaN or an infinity the scale is NaN and codes are 0.
void quantise_blocks(const float* x, int64_t cols, int32_t block, const Int8Blocks& out);

/// Activations in blocks of kBlock, as the formats of 32 weights multiply them. Eight bits were
/// tried and cost 0.003 of KLD on a small model, more than the weights' own rounding would have to;
/// sixteen cost nothing that can be measured and one more integer product. The storage is the
/// caller's.
struct FineBlocks {
  int16_t* codes = nullptr;  ///< [cols], -kFineCodes to kFineCodes.
  float* scales = nullptr;   ///< [cols / kBlock]: x is about codes * scale.
  int32_t* sums = nullptr;   ///< [cols / kBlock]: the sum of each block's codes.
};

/// The largest code: 127 * 254, so that a code splits into two signed bytes, 254 * high + low.
inline constexpr float kFineCodes = 32258.0F;

/// Rounds x [cols] to 16-bit codes in blocks of kBlock: as quantise_blocks(), with kFineCodes in
/// place of 127.
void quantise_fine(const float* x, int64_t cols, const FineBlocks& out);

}  // namespace nety::precision
