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

/// iq4_xs: 256 weights in 8 groups of 32, nibbles of each group as in iq4_nl, with its values. Six
/// bits of scale: the low four are a nibble of byte g / 2 (low for even g), the upper two are bits
/// 2 g of a uint16. w[i] = d * (scale[g] - 32) * values[nibble].
struct Iq4Xs {
  static constexpr int32_t kBytes = 136;
  static constexpr int32_t kScale = 0;       ///< fp16 d
  static constexpr int32_t kScalesHigh = 2;  ///< uint16
  static constexpr int32_t kScalesLow = 4;   ///< nibbles [4 bytes]
  static constexpr int32_t kCodes = 8;       ///< nibbles [128 bytes]
};

/// mxfp4: 32 weights, nibbles as in q4_0, each a float of 1 sign, 2 exponent and 1 fraction bit
/// (OCP microscaling formats, E2M1). The values here are twice those, so the factor is half of
/// what the exponent says. w[i] = 2^(exponent - 128) * values[nibble].
struct Mxfp4 {
  static constexpr int32_t kBytes = 17;
  static constexpr int32_t kExponent = 0;  ///< uint8 (E8M0)
  static constexpr int32_t kCodes = 1;     ///< nibbles [16 bytes]
  static constexpr std::array<int8_t, 16> kValues{0, 1,  2,  3,  4,  6,  8,  12,
                                                  0, -1, -2, -3, -4, -6, -8, -12};
};

/// nvfp4: 64 weights in 4 groups of 16, values as in mxfp4. Byte j of a group's 8 holds weight j in
/// its low nibble and weight j + 8 in its high one. Scales are floats of 4 exponent and 3 fraction
/// bits, the top bit unused; 127 is zero. w[i] = scale[g] / 2 * values[nibble].
struct Nvfp4 {
  static constexpr int32_t kBytes = 36;
  static constexpr int32_t kScales = 0;  ///< UE4M3 [4 bytes]
  static constexpr int32_t kCodes = 4;   ///< nibbles [32 bytes]
};

/// Formats of grids: a code is the index of a point of a grid (grids.h), which gives the magnitudes
/// of 4 or 8 weights; signs are a bit for each weight. Where only 7 bits are stored for 8 weights,
/// the eighth makes the number of set bits even.
///
/// iq3_s: byte i of the codes and bit i of `high` index the point of weights 4 i to 4 i + 3. Scales
/// are nibbles per 32 (low first). w[i] = d * (2 scale + 1) * sign * point.
struct Iq3S {
  static constexpr int32_t kBytes = 110;
  static constexpr int32_t kScale = 0;     ///< fp16 d
  static constexpr int32_t kCodes = 2;     ///< uint8 [64]
  static constexpr int32_t kHigh = 66;     ///< 1 bit [8 bytes]
  static constexpr int32_t kSigns = 74;    ///< 1 bit [32 bytes]
  static constexpr int32_t kScales = 106;  ///< nibbles [4 bytes]
};

/// iq3_xxs: points of 4 weights. A uint32 per 32 weights has four times 7 signs, from the lowest
/// bits up, and the scale above. w[i] = d / 4 * (2 scale + 1) * sign * point.
struct Iq3Xxs {
  static constexpr int32_t kBytes = 98;
  static constexpr int32_t kScale = 0;   ///< fp16 d
  static constexpr int32_t kCodes = 2;   ///< uint8 [64]
  static constexpr int32_t kSigns = 66;  ///< uint32 [8]
};

/// iq2_xxs: points of 8 weights. Per 32 weights four codes, then a uint32 as in iq3_xxs.
/// w[i] = d / 8 * (2 scale + 1) * sign * point.
struct Iq2Xxs {
  static constexpr int32_t kBytes = 66;
  static constexpr int32_t kScale = 0;  ///< fp16 d
  static constexpr int32_t kCodes = 2;  ///< 8 bytes [8]
};

/// iq2_xs: points of 8 weights, a uint16 each: 9 bits of code, 7 of signs. Scales are nibbles per
/// 16. w[i] as in iq2_xxs.
struct Iq2Xs {
  static constexpr int32_t kBytes = 74;
  static constexpr int32_t kScale = 0;    ///< fp16 d
  static constexpr int32_t kCodes = 2;    ///< uint16 [32]
  static constexpr int32_t kScales = 66;  ///< nibbles [8 bytes]
};

/// iq2_s: points of 8 weights: a byte of code and two bits of `high`. w[i] as in iq2_xs.
struct Iq2S {
  static constexpr int32_t kBytes = 82;
  static constexpr int32_t kScale = 0;    ///< fp16 d
  static constexpr int32_t kCodes = 2;    ///< uint8 [32]
  static constexpr int32_t kSigns = 34;   ///< 1 bit [32 bytes]
  static constexpr int32_t kHigh = 66;    ///< 2 bits [8 bytes]
  static constexpr int32_t kScales = 74;  ///< nibbles [8 bytes]
};

/// iq1_s: points of 8 weights with signs of their own. A uint16 per 32 weights has three more bits
/// of each of four codes, three of scale, and the sign of a shift of 1/8.
/// w[i] = d * (2 scale + 1) * (point +- 1/8).
struct Iq1S {
  static constexpr int32_t kBytes = 50;
  static constexpr int32_t kScale = 0;  ///< fp16 d
  static constexpr int32_t kCodes = 2;  ///< uint8 [32]
  static constexpr int32_t kHigh = 34;  ///< uint16 [8]
};

/// iq1_m: as iq1_s; a nibble for each 8 weights has three more bits of the code and the shift's
/// sign. Each of four uint16 has the scales of 3 bits of four groups of 16, and a nibble of d.
struct Iq1M {
  static constexpr int32_t kBytes = 56;
  static constexpr int32_t kCodes = 0;    ///< uint8 [32]
  static constexpr int32_t kHigh = 32;    ///< nibbles [16 bytes]
  static constexpr int32_t kScales = 48;  ///< uint16 [4]
};

/// tq1_0: 256 weights, -1, 0 or 1, as digits to base 3: a byte is a fraction of 256, its digits
/// are taken from the first on. Weights of one digit lie side by side, a digit for 32 bytes (5
/// digits), for 16 bytes (5 digits) and for 4 bytes (4 digits). w[i] = d * (digit - 1).
struct Tq1_0 {
  static constexpr int32_t kBytes = 54;
  static constexpr int32_t kCodes = 0;   ///< [48 bytes] and [4 bytes]
  static constexpr int32_t kScale = 52;  ///< fp16 d
};

/// tq2_0: 256 weights of two bits, in the order of q2_k. w[i] = d * (code - 1).
struct Tq2_0 {
  static constexpr int32_t kBytes = 66;
  static constexpr int32_t kCodes = 0;   ///< 2 bits [64 bytes]
  static constexpr int32_t kScale = 64;  ///< fp16 d
};

}  // namespace nety::precision
