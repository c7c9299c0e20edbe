// Rounding in plain arithmetic against the conversions and the library that define it.
#include "core/precision/rounding.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "core/base/half.h"

namespace nety::precision {
namespace {

void expect_fp16(float value) {
  if (overflows_fp16(magnitude_bits(value))) return;
  const float want = float_from_fp16(fp16_from_float(value));
  ASSERT_EQ(std::bit_cast<uint32_t>(round_to_fp16(value)), std::bit_cast<uint32_t>(want)) << value;
}

TEST(RoundToFp16, AgreesWithTheConversionAroundEveryPattern) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const float value = float_from_fp16(static_cast<uint16_t>(bits));
    if (!std::isfinite(value)) continue;
    const uint32_t wide = std::bit_cast<uint32_t>(value);
    // Offsets that reach the midpoint to the next number and one ulp either side.
    for (const uint32_t offset : {0U, 1U, 0xfffU, 0x1000U, 0x1001U, 0x1fffU})
      expect_fp16(std::bit_cast<float>(wide + offset));
  }
}

TEST(RoundToFp16, AgreesWithTheConversionOnArbitraryFloats) {
  std::mt19937 random(1);
  for (int k = 0; k < 1000000; ++k)
    expect_fp16(std::bit_cast<float>(static_cast<uint32_t>(random())));
}

TEST(OverflowsFp16, IsWhereTheConversionGivesNoNumber) {
  for (const float value : {65519.996F, 65520.0F, 1e30F, 0.0F, -65504.0F, -65520.0F})
    EXPECT_EQ(overflows_fp16(magnitude_bits(value)),
              std::isinf(float_from_fp16(fp16_from_float(value))));
  EXPECT_TRUE(overflows_fp16(magnitude_bits(std::numeric_limits<float>::quiet_NaN())));
  EXPECT_TRUE(overflows_fp16(magnitude_bits(-std::numeric_limits<float>::quiet_NaN())));
  EXPECT_TRUE(overflows_fp16(magnitude_bits(-std::numeric_limits<float>::infinity())));
}

TEST(RoundHalfEven, AgreesWithNearbyint) {
  for (int32_t eighths = -8 * 1000; eighths <= 8 * 1000; ++eighths) {
    const float value = static_cast<float>(eighths) / 8;
    EXPECT_EQ(round_half_even(value), static_cast<int32_t>(std::nearbyint(value))) << value;
  }
}

TEST(LargestMagnitude, PutsNaNAboveInfinityAboveNumbers) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float numbers[] = {1.0F, -3.0F, 2.0F, -0.0F};
  EXPECT_EQ(std::bit_cast<float>(largest_magnitude(numbers, 4)), 3.0F);
  EXPECT_EQ(largest_magnitude(numbers, 0), 0);
  const float infinite[] = {1.0F, -infinity};
  EXPECT_EQ(largest_magnitude(infinite, 2), kInfinityBits);
  const float nan[] = {infinity, -std::numeric_limits<float>::quiet_NaN(), 0.0F};
  EXPECT_GT(largest_magnitude(nan, 3), kInfinityBits);
}

}  // namespace
}  // namespace nety::precision
