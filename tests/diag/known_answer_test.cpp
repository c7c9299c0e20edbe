// The reference against the modes' own specification, so that neither is trusted alone.
#include "diag/known_answer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace nety::diag {
namespace {

using precision::Mode;

constexpr int64_t kRows = 5;
constexpr int64_t kCols = 1024;  // as in tests/precision, whose tolerance is the same there

/// Row `t` after the norm, as a backend gets it.
std::vector<float> normalised(const Activations& x, int64_t t) {
  std::vector<float> row(x.rows().begin() + t * x.cols(), x.rows().begin() + (t + 1) * x.cols());
  for (float& value : row) value /= 8;
  return row;
}

TEST(ProductAnswer, IsThatOfTheSpecificationOfEveryMode) {
  const Activations x(3, kCols);
  size_t inexact = 0;  // sums of weights of two or three bits can be exact
  for (const Mode& mode : precision::modes()) {
    const precision::Matrix matrix = sample_matrix(mode, kRows, kCols);
    const KnownAnswer answer(matrix.view, x, 3, arithmetic_of("native", mode));
    std::vector<float> y(static_cast<size_t>(3 * kRows));
    for (int64_t t = 0; t < 3; ++t)
      mode.functions->multiply(matrix.view, normalised(x, t).data(), y.data() + t * kRows, 0,
                               kRows);
    EXPECT_LE(answer.worst(y), 1) << mode.name << ": " << answer.worst_place(y);
    if (answer.worst(y) > 0) ++inexact;
    // One part in a thousand, of any value, is seen.
    const auto largest = std::max_element(
        y.begin(), y.end(), [](float a, float b) { return std::fabs(a) < std::fabs(b); });
    *largest *= 1.001F;
    EXPECT_GT(answer.worst(y), 1) << mode.name;
  }
  EXPECT_GT(inexact, precision::modes().size() / 2) << "too good for fp32 sums";
}

TEST(ProductAnswer, AllowsWhatTheModesTestsAllow) {
  EXPECT_NEAR(product_error(1024), 2e-6, 1e-7);
  EXPECT_DOUBLE_EQ(product_error(4096), 2 * product_error(1024));
}

TEST(ProductAnswer, TakesWhatIsNoNumberForInfinitelyWrong) {
  const Mode& fp32 = precision::mode(precision::ModeId::fp32);
  const Activations x(1, kCols);
  const precision::Matrix matrix = sample_matrix(fp32, 2, kCols);
  const KnownAnswer answer(matrix.view, x, 1, arithmetic_of("native", fp32));
  EXPECT_EQ(answer.worst(std::vector<float>{0, std::nanf("")}),
            std::numeric_limits<double>::infinity());
  EXPECT_EQ(answer.worst(std::vector<float>{1}), std::numeric_limits<double>::infinity());
  EXPECT_EQ(answer.worst_place(std::vector<float>{0, std::nanf("")}).substr(0, 14),
            "row 1, token 0");
}

TEST(ProductAnswer, KnowsThatTorchRoundsResultsAndNotWidenedActivations) {
  const auto torch = [](precision::ModeId id) {
    return arithmetic_of("torch", precision::mode(id));
  };
  EXPECT_EQ(torch(precision::ModeId::fp32).activation, "fp32");
  EXPECT_EQ(torch(precision::ModeId::bf16).activation, "bf16");
  EXPECT_GT(torch(precision::ModeId::bf16).output_error,
            torch(precision::ModeId::fp16).output_error);
  EXPECT_EQ(torch(precision::ModeId::int8).activation, "fp32");
  EXPECT_EQ(torch(precision::ModeId::int8).output_error, 0);
}

TEST(Activations, NormaliseToExactMultiplesOfAnEighth) {
  for (const int64_t cols : {512, 4096}) {
    const Activations x(4, cols);
    EXPECT_GE(x.eps(), 0);
    for (int64_t t = 0; t < 4; ++t) {
      double squares = 0;
      int outliers = 0;
      for (const float value : normalised(x, t)) {
        squares += 64.0 * static_cast<double>(value) * static_cast<double>(value);
        outliers += std::fabs(value) >= 6 ? 1 : 0;
      }
      EXPECT_EQ(squares / static_cast<double>(cols) + x.eps(), 64.0);
      EXPECT_GT(outliers, 0) << "LLM.int8() has something to do";
    }
    EXPECT_NE(normalised(x, 0), normalised(x, 1));
  }
}

}  // namespace
}  // namespace nety::diag
