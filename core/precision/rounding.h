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

/// The bits of |value|: they compare as the magnitudes do, infinities and then NaNs above all.
/// Signed, because SSE2 compares no other integers.
inline int32_t magnitude_bits(float value) { return std::bit_cast<int32_t>(value) & 0x7fffffff; }

inline constexpr int32_t kInfinityBits = 0x7f800000;

/// Whether a magnitude is infinite in fp16 (65520 and above), infinite or NaN.
inline bool overflows_fp16(int32_t magnitude) { return magnitude >= 0x477ff000; }

/// Bits of the largest magnitude of x [n]; 0 for n = 0.
inline int32_t largest_magnitude(const float* x, int64_t n) {
  int32_t largest = 0;
  for (int64_t k = 0; k < n; ++k) {
    const int32_t magnitude = magnitude_bits(x[k]);
    largest = magnitude > largest ? magnitude : largest;
  }
  return largest;
}

/// `value` rounded to IEEE binary16, nearest even, as a float again. Only for values that do not
/// overflow fp16.
inline float round_to_fp16(float value) {
  const int32_t magnitude = magnitude_bits(value);
  const int32_t normal = (magnitude + 0xfff + ((magnitude >> 13) & 1)) & ~0x1fff;
  // Below 2^-14 the spacing is 2^-24, which is that of floats in [0.5, 1).
  const float shifted = (std::bit_cast<float>(magnitude) + 0.5F) - 0.5F;
  const int32_t rounded = magnitude >= 0x38800000 ? normal : std::bit_cast<int32_t>(shifted);
  const uint32_t sign = std::bit_cast<uint32_t>(value) & 0x80000000U;
  return std::bit_cast<float>(sign | static_cast<uint32_t>(rounded));
}

}  // namespace nety::precision
