// How the tests of precision modes compare: bit for bit, or within a named tolerance.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <string>
#include <vector>

namespace nety::precision {

/// The same bits, the sign of zero and NaN included.
inline void expect_same_bits(const std::vector<float>& got, const std::vector<float>& want,
                             const std::string& what) {
  ASSERT_EQ(got.size(), want.size()) << what;
  for (size_t k = 0; k < got.size(); ++k)
    ASSERT_EQ(std::bit_cast<uint32_t>(got[k]), std::bit_cast<uint32_t>(want[k]))
        << what << "[" << k << "]: " << got[k] << " and " << want[k];
}

/// Products of fp32 values, whatever the order of their sum.
inline constexpr double kFloatProduct = 2e-6;
/// The int8 layer with fp16 and bf16 activations: one rounding of the output.
inline constexpr double kHalfOutput = 1e-3;
inline constexpr double kBrainOutput = 8e-3;

/// Within `relative` of the largest magnitude wanted, or of 1.
inline void expect_close(const std::vector<float>& got, const std::vector<float>& want,
                         double relative, const std::string& what) {
  ASSERT_EQ(got.size(), want.size()) << what;
  double largest = 1;
  for (const float value : want) largest = std::max(largest, std::fabs(static_cast<double>(value)));
  for (size_t k = 0; k < got.size(); ++k)
    ASSERT_NEAR(static_cast<double>(got[k]), static_cast<double>(want[k]), relative * largest)
        << what << "[" << k << "]";
}

}  // namespace nety::precision
