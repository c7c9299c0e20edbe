// Checks of products with panels of rows.
#include "tests/kernels/checks.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numeric>

#include "core/base/half.h"

namespace nety::kernels {
namespace {

struct BlockData {
  std::vector<int8_t> codes;
  std::vector<float> scales, mins;
  std::vector<int32_t> sums;
};

BlockData random_blocks(int64_t rows, int64_t blocks, unsigned seed, int lowest) {
  std::mt19937 random(seed);
  BlockData data;
  for (int64_t i = 0; i < rows * blocks; ++i) {
    int32_t sum = 0;
    for (int k = 0; k < 32; ++k) {
      const auto code = static_cast<int8_t>(lowest + static_cast<int>(random() % 255));
      data.codes.push_back(code);
      sum += code;
    }
    data.sums.push_back(sum);
    data.scales.push_back(static_cast<float>(random() % 1000) / 1000.0F);
    data.mins.push_back(static_cast<float>(random() % 1000) / 1000.0F - 0.5F);
  }
  return data;
}

}  // namespace

namespace {

/// Weights so small that they and their sums are subnormal: none may be taken for zero.
void check_subnormal_floats(FloatPanelKernel kernel) {
  for (const int64_t cols : {1, 7, 16, 65, 577})
    for (const int64_t tokens : {1, 3, 6}) {
      const int64_t rows = 5;
      const auto w = random_floats(static_cast<size_t>(rows * cols), 14, 1e-41F);
      const auto x = random_floats(static_cast<size_t>(tokens * cols), 15);
      std::vector<float> y(static_cast<size_t>(rows * tokens), NAN);
      kernel({w.data(), cols, rows, x.data(), cols, tokens, cols, y.data(), rows});
      for (int64_t t = 0; t < tokens; ++t)
        for (int64_t r = 0; r < rows; ++r) {
          double sum = 0;
          for (int64_t k = 0; k < cols; ++k)
            sum += double{w[static_cast<size_t>(r * cols + k)]} *
                   double{x[static_cast<size_t>(t * cols + k)]};
          // Each step rounds to a multiple of the smallest subnormal.
          ASSERT_NEAR(y[static_cast<size_t>(t * rows + r)], sum,
                      1.5e-45 * static_cast<double>(cols + 1))
              << rows << "x" << cols << ", " << tokens << " tokens";
        }
    }
}

}  // namespace

void check_float_panel(const Cell& /*cell*/, FloatPanelKernel kernel) {
  check_subnormal_floats(kernel);
  for (const int64_t cols : {1, 7, 16, 63, 64, 65, 577, 4097})
    for (const int64_t rows : {1, 3, 4, 9})
      for (const int64_t tokens : {1, 2, 5, 6, 13}) {
        // One float of misalignment on purpose.
        const auto w = random_floats(static_cast<size_t>(rows * cols + 1), 1);
        const auto x = random_floats(static_cast<size_t>(tokens * cols + 1), 2);
        std::vector<float> y(static_cast<size_t>(rows * tokens), NAN);
        kernel({w.data() + 1, cols, rows, x.data() + 1, cols, tokens, cols, y.data(), rows});
        for (int64_t t = 0; t < tokens; ++t)
          for (int64_t r = 0; r < rows; ++r) {
            double sum = 0, size = 0;
            for (int64_t k = 0; k < cols; ++k) {
              const double product = double{w[static_cast<size_t>(1 + r * cols + k)]} *
                                     double{x[static_cast<size_t>(1 + t * cols + k)]};
              sum += product;
              size += std::fabs(product);
            }
            ASSERT_NEAR(y[static_cast<size_t>(t * rows + r)], sum,
                        size * reordering_error(cols) + 1e-12)
                << rows << "x" << cols << ", " << tokens << " tokens";
          }
      }
}

namespace {

/// Row `r` of y = w x as BlockPanel says it, in double; `size` is the sum of its terms' magnitudes.
double block_dot(const BlockPanel& p, int64_t r, int64_t t, double& size) {
  double sum = 0;
  for (int64_t b = 0; b < p.x.blocks; ++b) {
    const int64_t w_at = r * p.x.blocks + b, x_at = t * p.x.blocks + b;
    int64_t dot = 0;
    for (int64_t i = 0; i < 32; ++i)
      dot += int64_t{p.w.codes[w_at * 32 + i]} *
             (int64_t{kCodeBase} * p.x.high[x_at * 32 + i] + p.x.low[x_at * 32 + i]);
    const double product =
        double{p.w.scales[w_at]} * double{p.x.scales[x_at]} * static_cast<double>(dot);
    const double least = p.w.mins == nullptr ? 0 : double{p.w.mins[w_at]} * double{p.x.sums[x_at]};
    sum += product + least;
    size += std::fabs(product) + std::fabs(least);
  }
  return sum;
}

}  // namespace

void check_block_panel(const Cell& /*cell*/, BlockPanelKernel kernel) {
  for (const int64_t blocks : {2, 4, 18, 34})
    for (const int64_t rows : {1, 4, 7})
      for (const int64_t tokens : {1, 4, 6})
        for (const bool mins : {false, true}) {
          BlockData w = random_blocks(rows, blocks, 3, -128);
          BlockData x = random_blocks(tokens, blocks, 4, -127);
          BlockData low = random_blocks(tokens, blocks, 5, -127);
          for (size_t i = 0; i < x.sums.size(); ++i)
            x.sums[i] = kCodeBase * x.sums[i] + low.sums[i];
          for (float& scale : x.scales) scale /= kCodeBase;
          std::vector<float> sums(x.sums.size());
          for (size_t i = 0; i < sums.size(); ++i)
            sums[i] = x.scales[i] * static_cast<float>(x.sums[i]);
          std::vector<float> got(static_cast<size_t>(rows * tokens), NAN);
          const BlockPanel panel{
              {w.codes.data(), w.scales.data(), mins ? w.mins.data() : nullptr, rows},
              {x.codes.data(), low.codes.data(), x.scales.data(), sums.data(), x.sums.data(),
               blocks},
              tokens,
              got.data(),
              rows};
          kernel(panel);
          for (int64_t t = 0; t < tokens; ++t)
            for (int64_t r = 0; r < rows; ++r) {
              double size = 0;
              const double want = block_dot(panel, r, t, size);
              ASSERT_NEAR(got[static_cast<size_t>(t * rows + r)], want,
                          size * reordering_error(blocks * 8))
                  << rows << " rows, " << blocks << " blocks, " << tokens << " tokens";
            }
        }
}

void check_integer_panel(const Cell& /*cell*/, IntegerPanelKernel kernel) {
  std::mt19937 random(13);
  for (const int64_t cols : {1, 15, 63, 64, 65, 577, 1041})
    for (const int64_t rows : {1, 4, 9})
      for (const int64_t tokens : {1, 5, 7, 18, 21}) {
        std::vector<int8_t> w(static_cast<size_t>(rows * cols)),
            x(static_cast<size_t>(tokens * cols));
        for (int8_t& code : w) code = static_cast<int8_t>(random() % 256 - 128);
        for (int8_t& code : x) code = static_cast<int8_t>(random() % 255 - 127);
        std::vector<int32_t> got(static_cast<size_t>(rows * tokens), -1);
        kernel({w.data(), rows, x.data(), cols, tokens, cols, got.data(), rows});
        for (int64_t t = 0; t < tokens; ++t)
          for (int64_t r = 0; r < rows; ++r) {
            const int64_t want = std::inner_product(
                w.begin() + r * cols, w.begin() + (r + 1) * cols, x.begin() + t * cols, int64_t{0});
            ASSERT_EQ(got[static_cast<size_t>(t * rows + r)], want)
                << rows << "x" << cols << ", " << tokens << " tokens";
          }
      }
}

void check_bf16_panel(const Cell& /*cell*/, Bf16PanelKernel kernel) {
  for (const int64_t cols : {1, 7, 31, 32, 63, 64, 65, 577, 4097})
    for (const int64_t rows : {1, 3, 4, 9})
      for (const int64_t tokens : {1, 2, 6, 9}) {
        const auto floats_w = random_floats(static_cast<size_t>(rows * cols + 1), 34);
        const auto floats_x = random_floats(static_cast<size_t>(tokens * cols + 1), 35);
        std::vector<uint16_t> w, x;
        for (const float v : floats_w) w.push_back(bf16_from_float(v));
        for (const float v : floats_x) x.push_back(bf16_from_float(v));
        std::vector<float> y(static_cast<size_t>(rows * tokens), NAN), alone(y);
        kernel({w.data() + 1, cols, rows, x.data() + 1, cols, tokens, cols, y.data(), rows});
        for (int64_t t = 0; t < tokens; ++t) {
          kernel({w.data() + 1, cols, rows, x.data() + 1 + t * cols, cols, 1, cols,
                  alone.data() + t * rows, rows});
          for (int64_t r = 0; r < rows; ++r) {
            double sum = 0, size = 0;
            for (int64_t k = 0; k < cols; ++k) {
              const double product =
                  double{float_from_bf16(w[static_cast<size_t>(1 + r * cols + k)])} *
                  double{float_from_bf16(x[static_cast<size_t>(1 + t * cols + k)])};
              sum += product;
              size += std::fabs(product);
            }
            ASSERT_NEAR(y[static_cast<size_t>(t * rows + r)], sum,
                        size * reordering_error(cols) + 1e-12)
                << rows << "x" << cols << ", " << tokens << " tokens";
          }
        }
        ASSERT_EQ(std::memcmp(y.data(), alone.data(), y.size() * sizeof(float)), 0)
            << rows << "x" << cols << ", " << tokens << " tokens";
      }
}

}  // namespace nety::kernels
