// The grids of the formats iq1, iq2 and iq3: points that stand for several weights at once. They
// are facts of the formats, as a codebook is.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace nety::precision {

/// A point of 8 weights: bits 2 j say which value weight j has.
extern const std::array<uint16_t, 256> kGridIq2Xxs;
extern const std::array<uint16_t, 512> kGridIq2Xs;
extern const std::array<uint16_t, 1024> kGridIq2S;
extern const std::array<uint16_t, 2048> kGridIq1;
/// A point of 4 weights: bits 4 j say which value weight j has.
extern const std::array<uint16_t, 256> kGridIq3Xxs;
extern const std::array<uint16_t, 512> kGridIq3S;

/// The values. Those of iq2 and iq3 are magnitudes; iq1's are eight times the weights, to which the
/// format adds 1 or -1.
inline constexpr std::array<int8_t, 4> kValuesIq2{8, 25, 43, 0};
inline constexpr std::array<int8_t, 4> kValuesIq1{-8, 0, 8, 0};
inline constexpr std::array<int8_t, 8> kValuesIq3Xxs{4, 12, 20, 28, 36, 44, 52, 62};
inline constexpr std::array<int8_t, 8> kValuesIq3S{1, 3, 5, 7, 9, 11, 13, 15};

/// Codes [8] of a point; negative where the weight's bit of `signs` is set.
inline void unpack_point_of_8(unsigned point, const std::array<int8_t, 4>& values, unsigned signs,
                              int8_t* codes) {
  for (unsigned j = 0; j < 8; ++j) {
    const int8_t value = values[point >> (2 * j) & 3U];
    codes[j] = (signs >> j & 1U) != 0 ? static_cast<int8_t>(-value) : value;
  }
}

/// The same of 4 weights.
inline void unpack_point_of_4(unsigned point, const std::array<int8_t, 8>& values, unsigned signs,
                              int8_t* codes) {
  for (unsigned j = 0; j < 4; ++j) {
    const int8_t value = values[point >> (4 * j) & 7U];
    codes[j] = (signs >> j & 1U) != 0 ? static_cast<int8_t>(-value) : value;
  }
}

/// Eight signs of seven stored bits.
inline unsigned even_signs(unsigned seven) {
  const unsigned odd = static_cast<unsigned>(__builtin_popcount(seven & 127U)) & 1U;
  return (seven & 127U) | odd << 7;
}

}  // namespace nety::precision
