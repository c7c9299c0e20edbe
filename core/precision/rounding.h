// Rounding in plain arithmetic, so that compilers vectorise the loops around it on any CPU.
#pragma once

#include <bit>
#include <cstdint>

namespace nety::precision {

/// The nearest integer, halves to even; |value| must be below 2^22.
inline int32_t round_half_even(float value) {
  // In [2^23, 2^24) the spacing of floats is 1, so the addition itself rounds.
  return std::bit_cast<int32_t>(value + 0x1.8p23F) - std::bit_cast<int32_t>(0x1.8p23F);
}

/// `value` rounded to IEEE binary16, nearest even, as a float again. Magnitudes of 65520 and above
/// give a magnitude of at least 65536 (not infinity), and a NaN stays a NaN or becomes a magnitude
/// of at least 65536: test with overflows_fp16.
inline float round_to_fp16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = bits & 0x80000000U;
  const uint32_t magnitude = bits & 0x7fffffffU;
  const uint32_t normal = (magnitude + 0xfffU + ((magnitude >> 13) & 1U)) & ~0x1fffU;
  // Below 2^-14 the spacing is 2^-24, which is that of floats in [0.5, 1).
  const float shifted = (std::bit_cast<float>(magnitude) + 0.5F) - 0.5F;
  const uint32_t subnormal = std::bit_cast<uint32_t>(shifted);
  return std::bit_cast<float>(sign | (magnitude >= 0x38800000U ? normal : subnormal));
}

/// Whether a float's magnitude, as bits without the sign, is infinite in fp16, infinite or NaN.
inline bool overflows_fp16(uint32_t magnitude_bits) { return magnitude_bits >= 0x477ff000U; }

inline uint32_t magnitude_bits(float value) { return std::bit_cast<uint32_t>(value) & 0x7fffffffU; }

inline constexpr uint32_t kInfinityBits = 0x7f800000U;

}  // namespace nety::precision
