// What holds for every row of modes.def, a new one included.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <thread>
#include <tuple>

#include "core/base/error.h"
#include "core/base/half.h"
#include "core/precision/activation.h"
#include "tests/precision/compare.h"
#include "tests/precision/sample.h"

namespace nety::precision {
namespace {

std::string test_name(const testing::TestParamInfo<ModeId>& tested) {
  std::string name(mode(tested.param).name);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

std::vector<ModeId> mode_ids(bool quantising_only) {
  std::vector<ModeId> ids;
  for (const Mode& candidate : modes())
    if (!quantising_only || candidate.functions->quantise != nullptr) ids.push_back(candidate.id);
  return ids;
}

/// x as the mode's products see it, from the words of its row in modes.def.
std::vector<double> rounded_activations(const Mode& tested, const std::vector<float>& x) {
  std::vector<double> out(x.begin(), x.end());
  const auto cols = static_cast<int64_t>(x.size());
  std::vector<int8_t> codes(x.size());
  if (tested.activation == "bf16") {
    for (double& value : out)
      value = static_cast<double>(float_from_bf16(bf16_from_float(static_cast<float>(value))));
  } else if (tested.activation == "int8 per row, outliers fp32") {
    std::vector<int32_t> outliers(x.size());
    Int8Row row{.codes = codes.data(), .outliers = outliers.data()};
    quantise_row(x.data(), cols, kOutlierThreshold, row);
    EXPECT_GT(row.outlier_count, 0) << "the sample has outliers";
    for (size_t k = 0; k < x.size(); ++k) out[k] = codes[k] * static_cast<double>(row.scale) / 127;
    for (int32_t j = 0; j < row.outlier_count; ++j) {
      const auto k = static_cast<size_t>(outliers[static_cast<size_t>(j)]);
      out[k] = static_cast<double>(x[k]);
    }
  } else if (tested.activation == "int8 per 256") {
    std::vector<float> scales(x.size() / kSuperBlock);
    std::vector<int16_t> sums(x.size() / kSuperBlockSumGroup);
    quantise_blocks(x.data(), cols, kSuperBlock, {codes.data(), scales.data(), sums.data()});
    for (size_t k = 0; k < x.size(); ++k)
      out[k] = codes[k] * static_cast<double>(scales[k / kSuperBlock]);
  } else if (tested.activation == "int16 per 32") {
    std::vector<int16_t> fine(x.size());
    std::vector<float> scales(x.size() / kBlock);
    std::vector<int32_t> sums(x.size() / kBlock);
    quantise_fine(x.data(), cols, {fine.data(), scales.data(), sums.data()});
    for (size_t k = 0; k < x.size(); ++k)
      out[k] = fine[k] * static_cast<double>(scales[k / kBlock]);
  } else {
    EXPECT_EQ(tested.activation, "fp32") << "how does this mode round activations?";
  }
  return out;
}

class EveryMode : public testing::TestWithParam<ModeId> {
 protected:
  const Mode& tested_ = mode(GetParam());
  const ModeFunctions& functions_ = *tested_.functions;
};

TEST_P(EveryMode, HasARowThatSaysEverything) {
  EXPECT_EQ(tested_.id, GetParam());
  EXPECT_EQ(find_mode(tested_.name), &tested_);
  for (const std::string_view word : {tested_.title, tested_.storage, tested_.activation,
                                      tested_.accumulation, tested_.head, tested_.needs})
    EXPECT_FALSE(word.empty());
  EXPECT_EQ(functions_.allocate == nullptr, functions_.quantise == nullptr);
  EXPECT_EQ(functions_.allocate == nullptr, functions_.row_grain == nullptr);
  EXPECT_EQ(functions_.quantise == nullptr, tested_.kind == ModeKind::kStored);
  const bool selectable = selectable_mode_names().find(tested_.name) != std::string_view::npos;
  EXPECT_EQ(selectable, tested_.kind != ModeKind::kStored);
}

TEST_P(EveryMode, TakesTheBitsPerWeightItSays) {
  const double bits = 8.0 * static_cast<double>(functions_.bytes(4096, 4096)) / (4096.0 * 4096.0);
  EXPECT_NEAR(bits, tested_.bits_per_weight, 0.01);
  const Matrix matrix = sample_matrix(GetParam(), 3, 512, 1);
  EXPECT_EQ(functions_.bytes(3, 512),
            matrix.codes.size() + matrix.nested_codes.size() + 4 * matrix.scales.size());
}

TEST_P(EveryMode, MultipliesAsDoubleArithmeticDoes) {
  constexpr int64_t kRows = 7;
  constexpr int64_t kCols = 1024;
  const Matrix matrix = sample_matrix(GetParam(), kRows, kCols, 2);
  const std::vector<float> weights = dequantised(matrix.view);
  const std::vector<float> x = sample_activations(kCols, 3);
  const std::vector<double> rounded = rounded_activations(tested_, x);
  std::vector<float> y(kRows);
  functions_.multiply(matrix.view, x.data(), y.data(), 0, kRows);
  for (size_t n = 0; n < kRows; ++n) {
    double want = 0;
    double magnitude = 0;
    for (size_t k = 0; k < kCols; ++k) {
      const double term = static_cast<double>(weights[n * kCols + k]) * rounded[k];
      want += term;
      magnitude += std::fabs(term);
    }
    EXPECT_NEAR(static_cast<double>(y[n]), want, kFloatProduct * magnitude) << "row " << n;
  }
}

TEST_P(EveryMode, GivesARowTheSameBitsAloneAndAmongOthers) {
  const Matrix matrix = sample_matrix(GetParam(), 5, 512, 4);
  const std::vector<float> x = sample_activations(512, 5);
  std::vector<float> all(5);
  functions_.multiply(matrix.view, x.data(), all.data(), 0, 5);
  std::vector<float> one(5, -1.0F);
  functions_.multiply(matrix.view, x.data(), one.data(), 3, 4);
  expect_same_bits(one, {-1.0F, -1.0F, -1.0F, all[3], -1.0F}, "only row 3");
}

TEST_P(EveryMode, MultipliesZerosToZeroAndNaNToNaN) {
  const Matrix matrix = sample_matrix(GetParam(), 2, 512, 6);
  std::vector<float> x(512);
  std::vector<float> y(2, 1.0F);
  functions_.multiply(matrix.view, x.data(), y.data(), 0, 2);
  EXPECT_EQ(y, (std::vector<float>{0.0F, 0.0F}));
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), -std::nanf("")}) {
    x[300] = bad;
    functions_.multiply(matrix.view, x.data(), y.data(), 0, 2);
    EXPECT_TRUE(std::isnan(y[0]) && std::isnan(y[1]));
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, EveryMode, testing::ValuesIn(mode_ids(false)), test_name);

class EveryQuantisingMode : public EveryMode {};

TEST_P(EveryQuantisingMode, FillsRangesInAnyOrderFromSeveralThreads) {
  // 100 columns: 4-bit blocks of 64 cross rows, and the last block is short.
  constexpr int64_t kRows = 77;
  constexpr int64_t kCols = 100;
  const std::vector<float> weights = sample_weights(kRows, kCols, 7);
  const Matrix whole = quantise(GetParam(), weights.data(), kRows, kCols);
  Matrix parts = functions_.allocate(kRows, kCols);
  const int64_t grain = functions_.row_grain(kCols);
  ASSERT_GT(grain, 0);
  const auto fill = [&](int64_t first) {
    const int64_t last = std::min(first + grain, kRows);
    functions_.quantise(weights.data() + first * kCols, first, last, parts);
  };
  std::thread other([&] {
    for (int64_t first = kRows / grain * grain; first >= 0; first -= 2 * grain)
      if (first < kRows) fill(first);
  });
  for (int64_t first = (kRows / grain - 1) * grain; first >= 0; first -= 2 * grain) fill(first);
  other.join();
  if (functions_.finish != nullptr) functions_.finish(parts);
  EXPECT_EQ(parts.codes, whole.codes);
  EXPECT_EQ(parts.scales, whole.scales);
  EXPECT_EQ(parts.nested_codes, whole.nested_codes);
  EXPECT_EQ(parts.view.nested_offset, whole.view.nested_offset);
}

TEST_P(EveryQuantisingMode, HasNoStorageForNoRows) {
  const Matrix matrix = quantise(GetParam(), nullptr, 0, 64);
  EXPECT_TRUE(matrix.codes.empty());
  EXPECT_EQ(functions_.bytes(0, 64), 0U);
}

TEST_P(EveryQuantisingMode, QuantisesZerosToZeros) {
  const std::vector<float> zeros(3 * 100);
  const Matrix matrix = quantise(GetParam(), zeros.data(), 3, 100);
  EXPECT_EQ(dequantised(matrix.view), zeros);
}

TEST_P(EveryQuantisingMode, KeepsNonFiniteWeightsOrRefusesThemByPlace) {
  for (const float bad : {std::numeric_limits<float>::infinity(), std::nanf("")}) {
    std::vector<float> weights(2 * 100, 1.0F);
    weights[123] = bad;
    try {
      const Matrix matrix = quantise(GetParam(), weights.data(), 2, 100);
      EXPECT_EQ(tested_.kind, ModeKind::kFloat) << "a scale cannot hold " << bad;
      const float kept = dequantised(matrix.view)[123];
      EXPECT_EQ(std::isnan(kept), std::isnan(bad));
      EXPECT_FALSE(std::isfinite(kept));
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint);
      EXPECT_NE(std::string(error.what()).find("row 1, column 23"), std::string::npos)
          << error.what();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, EveryQuantisingMode, testing::ValuesIn(mode_ids(true)), test_name);

TEST(Modes, AreFoundByNameOnly) {
  EXPECT_EQ(find_mode("fp33"), nullptr);
  EXPECT_EQ(find_mode(""), nullptr);
  EXPECT_TRUE(selectable_mode_names().starts_with("fp32, "));
}

TEST(HalfModes, RefuseFiniteWeightsTooLargeForThem) {
  std::vector<float> weights(64, 1.0F);
  weights[40] = 65519.0F;
  EXPECT_NO_THROW(quantise(ModeId::fp16, weights.data(), 2, 32));
  weights[40] = 65520.0F;
  EXPECT_THROW(quantise(ModeId::fp16, weights.data(), 2, 32), Error);
  EXPECT_NO_THROW(quantise(ModeId::bf16, weights.data(), 2, 32));
  weights[40] = std::numeric_limits<float>::max();
  EXPECT_THROW(quantise(ModeId::bf16, weights.data(), 2, 32), Error);
}

TEST(Int8, DividesAsTorchDoes) {
  // Found by comparing whole matrices with bitsandbytes: with 127 / SCB rounded once, the second
  // codes would be 64 and 63.
  const float weights[] = {6.02734375F, 3.013845205F, 2.517578125F, 1.258888602F};
  const Matrix matrix = quantise(ModeId::int8, weights, 2, 2);
  EXPECT_EQ(matrix.codes[1], std::byte{63});
  EXPECT_EQ(matrix.codes[3], std::byte{64});
}

// Expected codes are bitsandbytes 0.50.2's.
TEST(FourBit, DividesAShortBlockAndMultipliesAFullOne) {
  constexpr float kAbsmax = 0x1.b5ded8p-1F;
  for (const auto& [weight, divided, multiplied] :
       {std::tuple{-0x1.735b3ap-1F, 241, 240}, std::tuple{0x1.6476bcp-3F, 249, 250}}) {
    std::vector<float> weights(64);
    weights[0] = kAbsmax;
    weights[1] = weight;
    EXPECT_EQ(quantise(ModeId::nf4, weights.data(), 1, 2).codes[0], std::byte(divided));
    EXPECT_EQ(quantise(ModeId::nf4, weights.data(), 1, 64).codes[0], std::byte(multiplied));
  }
}

TEST(FourBit, HasALeastAbsmaxInAShortBlockOnly) {
  const std::vector<float> weights{1e-40F, -1e-40F, 0.0F, 3e-41F, 1e-45F};
  const Matrix tiny = quantise(ModeId::nf4, weights.data(), 1, 5);
  EXPECT_EQ(tiny.scales[0], 1e-38F);
  EXPECT_EQ(tiny.codes, std::vector<std::byte>(3, std::byte{0x77}));
  const std::vector<float> zeros(64);
  EXPECT_EQ(quantise(ModeId::nf4, zeros.data(), 1, 5).scales[0], 1e-38F);
  EXPECT_EQ(quantise(ModeId::nf4, zeros.data(), 1, 64).scales[0], 0.0F);
}

TEST(FourBit, RefusesRangesThatCutBlocks) {
  const std::vector<float> weights(4 * 100, 1.0F);
  const ModeFunctions& nf4 = *mode(ModeId::nf4).functions;
  Matrix matrix = nf4.allocate(40, 100);
  EXPECT_EQ(nf4.row_grain(100), 16);
  EXPECT_EQ(nf4.row_grain(128), 1);
  EXPECT_EQ(nf4.row_grain(9), 64);
  EXPECT_THROW(nf4.quantise(weights.data(), 0, 4, matrix), Error);
  EXPECT_THROW(nf4.quantise(weights.data(), 36, 40, matrix), Error);
}

}  // namespace
}  // namespace nety::precision
