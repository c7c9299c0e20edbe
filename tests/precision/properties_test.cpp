// What quantising may lose, for arbitrary matrices: RapidCheck looks for a counter-example.
#include <gtest/gtest.h>
// After gtest, as it needs.
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "core/base/error.h"
#include "core/precision/activation.h"
#include "core/precision/mode.h"
#include "core/precision/rounding.h"
#include "tests/precision/sample.h"

namespace nety::precision {
namespace {

struct Sample {
  int64_t rows = 0;
  int64_t cols = 0;
  std::vector<float> weights;
};

/// Floats of all sizes: zeros, subnormals, ordinary values, up to 60000 in magnitude.
rc::Gen<float> any_weight() {
  const auto sized = rc::gen::apply(
      [](int mantissa, int exponent) {
        return std::ldexp(static_cast<float>(mantissa) / 1000.0F, exponent);
      },
      rc::gen::inRange(-1000, 1001), rc::gen::inRange(-140, 16));
  const auto ordinary = rc::gen::map(rc::gen::inRange(-4000, 4001),
                                     [](int value) { return static_cast<float>(value) / 1000.0F; });
  return rc::gen::weightedOneOf<float>(
      {{1, rc::gen::element(0.0F, -0.0F, 1e-45F, -1e-45F)}, {2, sized}, {8, ordinary}});
}

/// Any shape, most of them not divisible by a block.
rc::Gen<Sample> any_sample() {
  return rc::gen::mapcat(
      rc::gen::pair(rc::gen::inRange<int64_t>(1, 8), rc::gen::inRange<int64_t>(1, 200)),
      [](const std::pair<int64_t, int64_t>& shape) {
        const auto count = static_cast<size_t>(shape.first * shape.second);
        return rc::gen::map(rc::gen::container<std::vector<float>>(count, any_weight()),
                            [shape](std::vector<float> weights) {
                              return Sample{shape.first, shape.second, std::move(weights)};
                            });
      });
}

float largest(const float* begin, int64_t count) {
  return std::bit_cast<float>(largest_magnitude(begin, count));
}

/// Half a code's distance from its neighbours, in units of absmax: the widest gaps are those of NF4
/// between -1 and -0.696 and of FP4 between 2/3 and 1. A little is for the fp32 rounding itself.
constexpr float kNf4HalfGap = 0.15191F;
constexpr float kFp4HalfGap = 0.16668F;
/// Error of a nested absmax in units of the nested absmax: half a step of the map and a bin.
constexpr float kNestedHalfGap = 0.00708F;
/// Below this absmax a block is scaled by 1e38 and no further.
constexpr float kTinyAbsmax = 1e-38F;

/// How far weight `index` of the sample may be from what the mode makes of it.
float allowed_error(const Matrix& matrix, const Sample& sample, int64_t index) {
  const float w = std::fabs(sample.weights[static_cast<size_t>(index)]);
  const std::string_view name = mode(matrix.view.mode).name;
  if (name == "fp32") return 0;
  if (name == "bf16") return std::max(w * 0x1p-8F, 0x1p-133F);
  if (name == "fp16") return std::max(w * 0x1p-11F, 0x1p-25F);
  if (name == "int8") {
    const int64_t row = index / sample.cols;
    const float absmax = largest(sample.weights.data() + row * sample.cols, sample.cols);
    // Half a code, the rounding to fp16 before it, and a fp16 unit of the scale.
    return absmax * (0.5002F / 127.0F) + std::max(absmax * 0x1p-10F, 0x1p-24F);
  }
  if (matrix.view.block == 0) return largest(sample.weights.data(), sample.rows * sample.cols);
  const int64_t block = index / matrix.view.block * matrix.view.block;
  const int64_t size = std::min<int64_t>(matrix.view.block, sample.rows * sample.cols - block);
  const float absmax = largest(sample.weights.data() + block, size);
  const float gap = name.starts_with("nf4") ? kNf4HalfGap : kFp4HalfGap;
  const float code_error = absmax < kTinyAbsmax ? kTinyAbsmax : gap * absmax;
  if (matrix.view.nested_codes == nullptr) return code_error;
  const int64_t scale = index / matrix.view.block / matrix.view.nested_block;
  const float nested =
      kNestedHalfGap * matrix.view.scales[scale] + 1e-6F * std::fabs(matrix.view.nested_offset);
  return code_error + nested;
}

class EveryQuantisingModeProperty : public testing::TestWithParam<ModeId> {};

TEST_P(EveryQuantisingModeProperty, LosesNoMoreThanItsCodesAllow) {
  EXPECT_TRUE(rc::check([id = GetParam()] {
    const Sample sample = *any_sample();
    const Matrix matrix = quantise(id, sample.weights.data(), sample.rows, sample.cols);
    const std::vector<float> back = dequantised(matrix.view);
    for (size_t k = 0; k < back.size(); ++k) {
      RC_LOG() << "weight " << k << ": " << sample.weights[k] << " -> " << back[k] << "\n";
      RC_ASSERT(std::fabs(back[k] - sample.weights[k]) <=
                allowed_error(matrix, sample, static_cast<int64_t>(k)));
    }
  }));
}

// Nested scales are made from all blocks together and do not repeat.
class EveryPlainQuantisingModeProperty : public EveryQuantisingModeProperty {};

TEST_P(EveryPlainQuantisingModeProperty, QuantisesItsOwnValuesToThemselves) {
  EXPECT_TRUE(rc::check([id = GetParam()] {
    const Sample sample = *any_sample();
    const Matrix matrix = quantise(id, sample.weights.data(), sample.rows, sample.cols);
    // Blocks below 1e-38 do not repeat.
    for (const float scale : matrix.scales) RC_PRE(scale == 0.0F || scale > 2.0F * kTinyAbsmax);
    const std::vector<float> values = dequantised(matrix.view);
    const Matrix again = quantise(id, values.data(), sample.rows, sample.cols);
    RC_ASSERT(again.scales == matrix.scales);
    RC_ASSERT(dequantised(again.view) == values);
    // FP4 has two codes for zero and keeps one of them for tiny positive weights.
    if (mode(id).name != "fp4") RC_ASSERT(again.codes == matrix.codes);
  }));
}

TEST_P(EveryQuantisingModeProperty, KeepsANonFiniteWeightOrNamesItsPlace) {
  EXPECT_TRUE(rc::check([id = GetParam()] {
    Sample sample = *any_sample();
    const auto count = static_cast<int64_t>(sample.weights.size());
    const int64_t at = *rc::gen::inRange<int64_t>(0, count);
    const float bad = *rc::gen::element(INFINITY, -INFINITY, NAN);
    sample.weights[static_cast<size_t>(at)] = bad;
    try {
      const Matrix matrix = quantise(id, sample.weights.data(), sample.rows, sample.cols);
      RC_ASSERT(mode(id).kind == ModeKind::kFloat);
      const std::vector<float> back = dequantised(matrix.view);
      for (int64_t k = 0; k < count; ++k)
        RC_ASSERT(std::isfinite(back[static_cast<size_t>(k)]) == (k != at));
      RC_ASSERT(std::isnan(back[static_cast<size_t>(at)]) == std::isnan(bad));
    } catch (const Error& error) {
      const std::string place = "row " + std::to_string(at / sample.cols) + ", column " +
                                std::to_string(at % sample.cols) + " ";
      RC_ASSERT(std::string(error.what()).find(place) != std::string::npos);
    }
  }));
}

bool has_nested_scales(const Mode& candidate) { return candidate.functions->finish != nullptr; }

std::vector<ModeId> quantising_modes(bool nested_too) {
  std::vector<ModeId> ids;
  for (const Mode& candidate : modes())
    if (candidate.functions->quantise != nullptr && (nested_too || !has_nested_scales(candidate)))
      ids.push_back(candidate.id);
  return ids;
}

std::string test_name(const testing::TestParamInfo<ModeId>& tested) {
  std::string name(mode(tested.param).name);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Modes, EveryQuantisingModeProperty,
                         testing::ValuesIn(quantising_modes(true)), test_name);
INSTANTIATE_TEST_SUITE_P(Modes, EveryPlainQuantisingModeProperty,
                         testing::ValuesIn(quantising_modes(false)), test_name);

RC_GTEST_PROP(ActivationProperty, CodesStayWithinHalfAStep, ()) {
  const auto x = *rc::gen::container<std::vector<float>>(512, any_weight());
  std::vector<int8_t> codes(512);
  std::vector<float> scales(16);
  std::vector<int16_t> sums(32);
  for (const int32_t block : {kBlock, kSuperBlock}) {
    quantise_blocks(x.data(), 512, block, {codes.data(), scales.data(), sums.data()});
    for (size_t k = 0; k < 512; ++k) {
      const float scale = scales[k / static_cast<size_t>(block)];
      const float error = std::fabs(static_cast<float>(codes[k]) * scale - x[k]);
      RC_ASSERT(error <= scale * 0.5001F || std::fabs(x[k]) < 3.8e-37F);
      RC_ASSERT(codes[k] != -128);
    }
  }
}

}  // namespace
}  // namespace nety::precision
