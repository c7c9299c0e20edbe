// The 16-bit float formats: every pattern there and back, and rounding against arithmetic in
// double.
#include "core/base/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace nety {
namespace {

constexpr uint32_t kPatterns = 65536;

/// `value` rounded to a format of `digits` significant bits whose least exponent is `least` and
/// whose numbers end before 2^end: nearest, ties to even, in double where all of it is exact.
double round_in_double(double value, int digits, int least, int end) {
  if (value == 0 || !std::isfinite(value)) return value;
  const int exponent = std::max(std::ilogb(value), least);
  const double unit = std::ldexp(1.0, exponent - digits + 1);
  const double rounded = std::nearbyint(value / unit) * unit;
  if (std::fabs(rounded) < std::ldexp(1.0, end)) return rounded;
  return std::copysign(std::numeric_limits<double>::infinity(), value);
}

double fp16_in_double(double value) { return round_in_double(value, 11, -14, 16); }
double bf16_in_double(double value) { return round_in_double(value, 8, -126, 128); }

struct Half {
  const char* name;
  float (*widen)(uint16_t);
  uint16_t (*round)(float);
  double (*expected)(double);
  uint16_t infinity;
};

constexpr Half kHalves[] = {
    {"fp16", float_from_fp16, fp16_from_float, fp16_in_double, 0x7c00},
    {"bf16", float_from_bf16, bf16_from_float, bf16_in_double, 0x7f80},
};

void expect_rounded(const Half& half, float value) {
  const double want = half.expected(static_cast<double>(value));
  const float got = half.widen(half.round(value));
  ASSERT_EQ(static_cast<double>(got), want) << half.name << " of " << value;
  ASSERT_EQ(std::signbit(got), std::signbit(value)) << half.name << " of " << value;
}

class EveryHalf : public testing::TestWithParam<Half> {};

TEST_P(EveryHalf, TakesEveryPatternThereAndBack) {
  const Half& half = GetParam();
  for (uint32_t bits = 0; bits < kPatterns; ++bits) {
    const auto pattern = static_cast<uint16_t>(bits);
    const float wide = half.widen(pattern);
    if ((pattern & 0x7fff) > half.infinity) {
      ASSERT_TRUE(std::isnan(wide)) << std::hex << bits;
      const uint16_t back = half.round(wide);
      ASSERT_GT(back & 0x7fff, half.infinity) << "a NaN became a number: " << std::hex << bits;
      ASSERT_EQ(back & 0x8000, pattern & 0x8000);
    } else {
      ASSERT_EQ(half.round(wide), pattern);
    }
  }
}

TEST_P(EveryHalf, WidensInOrder) {
  const Half& half = GetParam();
  EXPECT_EQ(half.widen(0), 0.0F);
  for (uint16_t bits = 0; bits < half.infinity; ++bits)
    ASSERT_LT(half.widen(bits), half.widen(static_cast<uint16_t>(bits + 1)));
  EXPECT_TRUE(std::isinf(half.widen(half.infinity)));
}

TEST_P(EveryHalf, RoundsToNearestEvenBetweenAllNeighbours) {
  const Half& half = GetParam();
  for (uint16_t bits = 0; bits < half.infinity - 1; ++bits) {
    const double below = static_cast<double>(half.widen(bits));
    const double above = static_cast<double>(half.widen(static_cast<uint16_t>(bits + 1)));
    const auto middle = static_cast<float>((below + above) / 2);  // exact
    for (const float value : {middle, std::nextafter(middle, 0.0F),
                              std::nextafter(middle, std::numeric_limits<float>::infinity())}) {
      expect_rounded(half, value);
      expect_rounded(half, -value);
    }
  }
}

TEST_P(EveryHalf, RoundsArbitraryFloats) {
  const Half& half = GetParam();
  std::mt19937 random(20240917);
  for (int k = 0; k < 1000000; ++k) {
    const float value = std::bit_cast<float>(static_cast<uint32_t>(random()));
    if (!std::isnan(value)) expect_rounded(half, value);
  }
}

TEST_P(EveryHalf, GoesToInfinityHalfAUnitPastItsLargestNumber) {
  const Half& half = GetParam();
  const auto last = static_cast<uint16_t>(half.infinity - 1);
  const double largest = static_cast<double>(half.widen(last));
  const double unit = largest - static_cast<double>(half.widen(static_cast<uint16_t>(last - 1)));
  const auto limit = static_cast<float>(largest + unit / 2);
  EXPECT_EQ(half.round(limit), half.infinity);
  EXPECT_EQ(half.round(std::nextafter(limit, 0.0F)), last);
  EXPECT_EQ(half.round(-limit), half.infinity | 0x8000);
  EXPECT_EQ(half.round(std::numeric_limits<float>::infinity()), half.infinity);
}

INSTANTIATE_TEST_SUITE_P(Formats, EveryHalf, testing::ValuesIn(kHalves),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(Half, Fp16OverflowsAt65520) {
  EXPECT_EQ(fp16_from_float(65520.0F), 0x7c00);
  EXPECT_EQ(fp16_from_float(65519.996F), 0x7bff);
}

}  // namespace
}  // namespace nety
