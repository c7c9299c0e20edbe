// The reference activation quantisers, at the edges that their comments name.
#include "core/precision/activation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "core/base/half.h"

namespace nety::precision {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

struct Row {
  std::vector<int8_t> codes;
  std::vector<int32_t> outliers;
  float scale = 0;
};

Row row_of(const std::vector<float>& x, float threshold = kOutlierThreshold) {
  std::vector<int8_t> codes(x.size(), int8_t{99});
  std::vector<int32_t> outliers(x.size());
  Int8Row row{.codes = codes.data(), .outliers = outliers.data()};
  quantise_row(x.data(), static_cast<int64_t>(x.size()), threshold, row);
  outliers.resize(static_cast<size_t>(row.outlier_count));
  return {codes, outliers, row.scale};
}

TEST(ActivationRow, DecidesOutliersAfterRoundingToFp16) {
  const Row row = row_of({5.998F, 5.9995F, 6.0F, -20.25F, 1.0F});
  EXPECT_EQ(row.outliers, (std::vector<int32_t>{1, 2, 3}));
  EXPECT_EQ(row.scale, float_from_fp16(fp16_from_float(5.998F)));
  EXPECT_EQ(row.codes, (std::vector<int8_t>{127, 0, 0, 0, 21}));
}

TEST(ActivationRow, RoundsHalvesToEven) {
  const Row row = row_of({127.0F, 0.5F, 1.5F, 2.5F, -0.5F, -1.5F, -2.5F, 3.5F}, 0);
  EXPECT_EQ(row.codes, (std::vector<int8_t>{127, 0, 2, 2, 0, -2, -2, 4}));
}

TEST(ActivationRow, HasNoOutliersWithoutAThreshold) {
  const Row row = row_of({100.0F, -50.0F}, 0);
  EXPECT_TRUE(row.outliers.empty());
  EXPECT_EQ(row.scale, 100.0F);
  EXPECT_EQ(row.codes, (std::vector<int8_t>{127, -64}));
}

TEST(ActivationRow, TakesValuesThatOverflowFp16AsOutliers) {
  const Row row = row_of({1e6F, -kInfinity, 2.0F});
  EXPECT_EQ(row.outliers, (std::vector<int32_t>{0, 1}));
  EXPECT_EQ(row.scale, 2.0F);
  EXPECT_EQ(row.codes, (std::vector<int8_t>{0, 0, 127}));
  EXPECT_TRUE(std::isnan(row_of({1e6F, 2.0F}, 0).scale)) << "nothing to hold it without outliers";
}

TEST(ActivationRow, MakesANaNAProductThatIsNaN) {
  const Row row = row_of({1.0F, kNaN, 2.0F});
  EXPECT_TRUE(std::isnan(row.scale));
  EXPECT_EQ(row.codes, (std::vector<int8_t>{0, 0, 0}));
}

TEST(ActivationRow, KeepsZerosAndFp16SubnormalsApart) {
  EXPECT_EQ(row_of({0.0F, -0.0F, 1e-30F}).codes, (std::vector<int8_t>{0, 0, 0}));
  EXPECT_EQ(row_of({0.0F, 1e-30F}).scale, 0.0F);
  const Row tiny = row_of({6e-8F, -1.2e-7F});
  EXPECT_EQ(tiny.scale, 0x1p-23F);
  EXPECT_EQ(tiny.codes, (std::vector<int8_t>{64, -127}));
}

struct Blocks {
  std::vector<int8_t> codes;
  std::vector<float> scales;
  std::vector<int16_t> sums;
};

Blocks blocks_of(const std::vector<float>& x, int32_t block) {
  const size_t group = block == kBlock ? kBlockSumGroup : kSuperBlockSumGroup;
  Blocks out{std::vector<int8_t>(x.size(), int8_t{99}),
             std::vector<float>(x.size() / static_cast<size_t>(block)),
             std::vector<int16_t>(x.size() / group)};
  quantise_blocks(x.data(), static_cast<int64_t>(x.size()), block,
                  {out.codes.data(), out.scales.data(), out.sums.data()});
  return out;
}

class ActivationBlocks : public testing::TestWithParam<int32_t> {};

TEST_P(ActivationBlocks, StayWithinHalfAStepAndSumTheirCodes) {
  const int32_t block = GetParam();
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  std::vector<float> x(static_cast<size_t>(block) * 8);
  for (float& value : x) value = normal(random);
  const Blocks blocks = blocks_of(x, block);
  for (size_t k = 0; k < x.size(); ++k) {
    const float scale = blocks.scales[k / static_cast<size_t>(block)];
    const float back = static_cast<float>(blocks.codes[k]) * scale;
    EXPECT_LE(std::fabs(back - x[k]), scale * 0.50001F);
  }
  const size_t group = x.size() / blocks.sums.size();
  for (size_t g = 0; g < blocks.sums.size(); ++g) {
    const auto first = blocks.codes.begin() + static_cast<std::ptrdiff_t>(g * group);
    EXPECT_EQ(blocks.sums[g],
              std::accumulate(first, first + static_cast<std::ptrdiff_t>(group), 0));
  }
}

TEST_P(ActivationBlocks, RoundHalvesToEven) {
  std::vector<float> x(static_cast<size_t>(GetParam()));
  x[0] = -127.0F;
  x[1] = 0.5F;
  x[2] = 1.5F;
  x[3] = -2.5F;
  const Blocks blocks = blocks_of(x, GetParam());
  EXPECT_EQ(blocks.scales[0], 1.0F);
  EXPECT_EQ((std::vector<int8_t>{blocks.codes.begin(), blocks.codes.begin() + 4}),
            (std::vector<int8_t>{-127, 0, 2, -2}));
}

TEST_P(ActivationBlocks, AreZeroWhereTheInverseOverflows) {
  std::vector<float> x(static_cast<size_t>(GetParam()));
  EXPECT_EQ(blocks_of(x, GetParam()).scales[0], 0.0F);
  x[5] = std::numeric_limits<float>::denorm_min();
  const Blocks blocks = blocks_of(x, GetParam());
  EXPECT_EQ(blocks.scales[0], 0.0F);
  EXPECT_EQ(blocks.codes, std::vector<int8_t>(x.size(), int8_t{0}));
  x[5] = 1e-36F;
  EXPECT_EQ(blocks_of(x, GetParam()).codes[5], 127);
}

TEST_P(ActivationBlocks, PassOnNaNAndInfinityAsNaN) {
  for (const float bad : {kNaN, -kNaN, kInfinity, -kInfinity}) {
    std::vector<float> x(static_cast<size_t>(GetParam()), 1.0F);
    x[3] = bad;
    const Blocks blocks = blocks_of(x, GetParam());
    EXPECT_TRUE(std::isnan(blocks.scales[0]));
    EXPECT_EQ(blocks.codes, std::vector<int8_t>(x.size(), int8_t{0}));
  }
}

struct Fine {
  std::vector<int16_t> codes;
  std::vector<float> scales;
  std::vector<int32_t> sums;
};

Fine fine_of(const std::vector<float>& x) {
  Fine out{std::vector<int16_t>(x.size(), int16_t{99}), std::vector<float>(x.size() / kBlock),
           std::vector<int32_t>(x.size() / kBlock)};
  quantise_fine(x.data(), static_cast<int64_t>(x.size()),
                {out.codes.data(), out.scales.data(), out.sums.data()});
  return out;
}

TEST(ActivationFine, StaysWithinHalfAStepAndSumsItsCodes) {
  std::mt19937 random(8);
  std::normal_distribution<float> normal;
  std::vector<float> x(size_t{kBlock} * 8);
  for (float& value : x) value = normal(random);
  const Fine fine = fine_of(x);
  for (size_t b = 0; b < fine.scales.size(); ++b) {
    int32_t sum = 0;
    for (size_t k = b * kBlock; k < (b + 1) * kBlock; ++k) {
      const float back = fine.codes[k] * fine.scales[b];
      // The scale and the inverse are rounded: 32258 codes carry that to a hundredth of a step.
      EXPECT_LE(std::fabs(back - x[k]), fine.scales[b] * 0.51F);
      EXPECT_LE(std::abs(fine.codes[k]), 32258);
      sum += fine.codes[k];
    }
    EXPECT_EQ(fine.sums[b], sum);
  }
}

TEST(ActivationFine, NamesItsEdgesAsEightBitsDo) {
  std::vector<float> x(kBlock);
  x[0] = 32258.0F;
  x[1] = 0.5F;
  x[2] = -1.5F;
  EXPECT_EQ(fine_of(x).scales[0], 1.0F);
  EXPECT_EQ(fine_of(x).codes[1], 0);
  EXPECT_EQ(fine_of(x).codes[2], -2);
  x.assign(kBlock, 1e-38F);
  EXPECT_EQ(fine_of(x).scales[0], 0.0F) << "32258 / amax overflows";
  x[7] = kNaN;
  EXPECT_TRUE(std::isnan(fine_of(x).scales[0]));
  EXPECT_EQ(fine_of(x).codes, std::vector<int16_t>(kBlock, int16_t{0}));
}

INSTANTIATE_TEST_SUITE_P(Sizes, ActivationBlocks, testing::Values(kBlock, kSuperBlock));

}  // namespace
}  // namespace nety::precision
