// Where things lie inside the blocks of the GGUF formats: byte offsets within one block. Numbers
// are little-endian; "fp16" is IEEE binary16. Source: the GGUF format and ggml's block types.
#pragma once

#include <array>
#include <cstdint>

namespace nety::precision {

/// q8_0: 32 weights. w[i] = d * codes[i].
struct Q8_0 {
  static constexpr int32_t kBytes = 34;
  static constexpr int32_t kScale = 0;  ///< fp16 d
  static constexpr int32_t kCodes = 2;  ///< int8 [32]
};

/// q4_0: 32 weights. Byte j holds weight j in its low nibble and weight j + 16 in its high one.
/// w[i] = d * (nibble - 8).
struct Q4_0 {
  static constexpr int32_t kBytes = 18;
  static constexpr int32_t kScale = 0;  ///< fp16 d
  static constexpr int32_t kCodes = 2;  ///< nibbles [16 bytes]
};

/// q4_1: 32 weights, nibbles as in q4_0. w[i] = d * nibble + m.
struct Q4_1 {
  static constexpr int32_t kBytes = 20;
  static constexpr int32_t kScale = 0;  ///< fp16 d
  static constexpr int32_t kMin = 2;    ///< fp16 m
  static constexpr int32_t kCodes = 4;  ///< nibbles [16 bytes]
};

/// q5_0: 32 weights. Low four bits as the nibbles of q4_0; bit i of `high` is the fifth bit of
/// weight i. w[i] = d * (code - 16).
struct Q5_0 {
  static constexpr int32_t kBytes = 22;
  static constexpr int32_t kScale = 0;  ///< fp16 d
  static constexpr int32_t kHigh = 2;   ///< uint32
  static constexpr int32_t kCodes = 6;  ///< nibbles [16 bytes]
};

/// q5_1: 32 weights, codes as in q5_0. w[i] = d * code + m.
struct Q5_1 {
  static constexpr int32_t kBytes = 24;
  static constexpr int32_t kScale = 0;  ///< fp16 d
  static constexpr int32_t kMin = 2;    ///< fp16 m
  static constexpr int32_t kHigh = 4;   ///< uint32
  static constexpr int32_t kCodes = 8;  ///< nibbles [16 bytes]
};

/// iq4_nl: 32 weights, nibbles as in q4_0, each an index into a table. w[i] = d * values[nibble].
struct Iq4Nl {
  static constexpr int32_t kBytes = 18;
  static constexpr int32_t kScale = 0;  ///< fp16 d
  static constexpr int32_t kCodes = 2;  ///< nibbles [16 bytes]
  static constexpr std::array<int8_t, 16> kValues{-127, -104, -83, -65, -49, -35, -22, -10,
                                                  1,    13,   25,  38,  53,  69,  89,  113};
};

/// q2_k: 256 weights in 16 groups of 16. In each half (128 weights) byte l of 32 holds, from its
/// lowest bits up, weights l, l + 32, l + 64 and l + 96.
/// w[i] = d * (scales[g] & 15) * code - dmin * (scales[g] >> 4).
struct Q2K {
  static constexpr int32_t kBytes = 84;
  static constexpr int32_t kScales = 0;  ///< uint8 [16]
  static constexpr int32_t kCodes = 16;  ///< 2 bits [64 bytes]
  static constexpr int32_t kScale = 80;  ///< fp16 d
  static constexpr int32_t kMin = 82;    ///< fp16 dmin
};

/// q3_k: 256 weights in 16 groups of 16, low two bits as in q2_k. Bit b of byte l of `high` belongs
/// to weight 32 b + l: where it is clear, 4 is subtracted. Scales of 6 bits: the low four of scale
/// g are a nibble of byte g % 8 (low for g < 8, else high), its upper two are bits 2 (g / 4) of
/// byte 8 + g % 4. w[i] = d * (scale[g] - 32) * code.
struct Q3K {
  static constexpr int32_t kBytes = 110;
  static constexpr int32_t kHigh = 0;     ///< 1 bit [32 bytes]
  static constexpr int32_t kCodes = 32;   ///< 2 bits [64 bytes]
  static constexpr int32_t kScales = 96;  ///< 6 bits [12 bytes]
  static constexpr int32_t kScale = 108;  ///< fp16 d
};

/// q4_k: 256 weights in 8 groups of 32. Byte l of the 32 of chunk c holds weight 64 c + l in its
/// low nibble and weight 64 c + 32 + l in its high one. Scales and mins of 6 bits, in 12 bytes q:
/// for g < 4: scale = q[g] & 63, min = q[g + 4] & 63; for others the low four bits are the low and
/// high nibble of q[g + 4], the upper two are the top bits of q[g - 4] and of q[g].
/// w[i] = d * scale[g] * code - dmin * min[g].
struct Q4K {
  static constexpr int32_t kBytes = 144;
  static constexpr int32_t kScale = 0;   ///< fp16 d
  static constexpr int32_t kMin = 2;     ///< fp16 dmin
  static constexpr int32_t kScales = 4;  ///< 6 bits [12 bytes]
  static constexpr int32_t kCodes = 16;  ///< nibbles [128 bytes]
};

/// q5_k: as q4_k; bit g of byte l of `high` is the fifth bit of weight 32 g + l.
struct Q5K {
  static constexpr int32_t kBytes = 176;
  static constexpr int32_t kScale = 0;   ///< fp16 d
  static constexpr int32_t kMin = 2;     ///< fp16 dmin
  static constexpr int32_t kScales = 4;  ///< 6 bits [12 bytes]
  static constexpr int32_t kHigh = 16;   ///< 1 bit [32 bytes]
  static constexpr int32_t kCodes = 48;  ///< nibbles [128 bytes]
};

/// q6_k: 256 weights in 16 groups of 16. In each half (128 weights, 64 bytes of low bits, 32 of
/// high ones) byte l of the low bits holds weights l and l + 64, byte l + 32 holds l + 32 and l +
/// 96; byte l of the high bits holds two bits each, from the lowest, of l, l + 32, l + 64 and l
/// + 96. w[i] = d * scale[g] * (code - 32).
struct Q6K {
  static constexpr int32_t kBytes = 210;
  static constexpr int32_t kCodes = 0;     ///< low 4 bits [128 bytes]
  static constexpr int32_t kHigh = 128;    ///< high 2 bits [64 bytes]
  static constexpr int32_t kScales = 192;  ///< int8 [16]
  static constexpr int32_t kScale = 208;   ///< fp16 d
};

}  // namespace nety::precision
