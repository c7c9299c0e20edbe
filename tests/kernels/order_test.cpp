// The order of summation of the AVX2 cells, to the bit, whatever the tile, chunk or panel that a
// row and a token fall into; and codes so large that 16-bit sums would overflow if they were one
// longer.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "tests/kernels/checks.h"
#include "tests/kernels/isas.h"

namespace nety::kernels {
namespace {

/// Lane = column mod 16; lanes 8 apart, then 4, 2 and 1; then the columns after the last eight.
float dot_in_order(const float* w, const float* x, int64_t cols) {
  float lanes[16] = {};
  const int64_t whole = cols / 8 * 8;
  for (int64_t k = 0; k < whole; ++k) lanes[k % 16] = std::fma(w[k], x[k], lanes[k % 16]);
  for (int apart = 8; apart > 0; apart /= 2)
    for (int i = 0; i < apart; ++i) lanes[i] = lanes[i] + lanes[i + apart];
  float rest = 0;
  for (int64_t k = whole; k < cols; ++k) {
    const float product = w[k] * x[k];
    rest = rest + product;
  }
  return lanes[0] + rest;
}

TEST(Avx2Order, OfFloatPanels) {
  if (!runs_here(Isa::kAvx2)) GTEST_SKIP() << "this processor lacks it";
  const auto kernel = kernels::kernel<Op::kFloatPanel>("fp32", Isa::kAvx2);
  for (const int64_t cols : {1, 7, 8, 9, 16, 24, 31, 255, 256, 257, 264, 280, 513, 1101})
    for (const int64_t rows : {1, 3, 4, 7, 32, 37})
      for (const int64_t tokens : {1, 2, 3, 4, 23, 29})
        for (const int64_t margin : {0, 5}) {
          const int64_t stride = cols + margin, y_stride = rows + margin;
          const auto w = random_floats(static_cast<size_t>(rows * stride + 1), 51);
          const auto x = random_floats(static_cast<size_t>(tokens * stride + 1), 52);
          std::vector<float> y(static_cast<size_t>(tokens * y_stride), NAN);
          kernel(
              {w.data() + 1, stride, rows, x.data() + 1, stride, tokens, cols, y.data(), y_stride});
          for (int64_t t = 0; t < tokens; ++t)
            for (int64_t r = 0; r < rows; ++r) {
              const float want =
                  dot_in_order(w.data() + 1 + r * stride, x.data() + 1 + t * stride, cols);
              ASSERT_EQ(std::memcmp(&y[static_cast<size_t>(t * y_stride + r)], &want, 4), 0)
                  << rows << "x" << cols << ", " << tokens << " tokens, row " << r << " token "
                  << t;
            }
        }
}

/// Blocks of a row one after the other: (scale * x_scale) * dot, then minimum * sum.
float blocks_in_order(const BlockRows& w, const BlockActivations& x, int64_t t, bool mins) {
  float sum = 0;
  for (int64_t b = 0; b < x.blocks; ++b) {
    const int64_t at = t * x.blocks + b;
    int32_t dot = 0;
    for (int64_t i = 0; i < 32; ++i)
      dot += w.codes[b * 32 + i] * (kCodeBase * x.high[at * 32 + i] + x.low[at * 32 + i]);
    sum = std::fma(w.scales[b] * x.scales[at], static_cast<float>(dot), sum);
    if (mins) sum = std::fma(w.mins[b], x.sums[at], sum);
  }
  return sum;
}

TEST(Avx2Order, OfPackedRowsOf32Weights) {
  if (!runs_here(Isa::kAvx2)) GTEST_SKIP() << "this processor lacks it";
  for (const char* format : {"q8_0", "q4_0", "q4_1", "q5_0", "q5_1"}) {
    const precision::Mode& mode = *precision::find_mode(format);
    const auto unpack = kernels::kernel<Op::kUnpackBlocks>(format, Isa::kScalar);
    for (const int64_t blocks : {1, 8, 9, 21})
      for (const int64_t tokens : {1, 3, 11}) {
        const int64_t rows = 37, cols = blocks * 32;
        const AnyMatrix w = random_matrix(mode, rows, cols);
        const auto x = random_floats(static_cast<size_t>(tokens * cols), 53, 5.0F);
        PackedCase packed(format, w.view, x, tokens);
        const auto got = packed.run(kernels::kernel<Op::kPacked>(format, Isa::kAvx2));
        std::vector<int8_t> codes(static_cast<size_t>(cols));
        std::vector<float> scales(static_cast<size_t>(blocks)), mins(scales);
        const BlockRows row{codes.data(), scales.data(), mins.data(), 1};
        for (int64_t r = 0; r < rows; ++r) {
          const bool has_mins =
              unpack(w.view.codes + static_cast<size_t>(r) * mode.functions->bytes(1, cols), cols,
                     row, 0, blocks);
          for (int64_t t = 0; t < tokens; ++t) {
            const float want = blocks_in_order(row, packed.product.small, t, has_mins);
            const float& is = got[static_cast<size_t>(t * packed.product.y_stride + r)];
            ASSERT_EQ(std::memcmp(&is, &want, 4), 0)
                << format << ", " << blocks << " blocks, row " << r << " token " << t;
          }
        }
      }
  }
}

TEST(Avx2Sums, HoldTheLargestBytes) {
  if (!runs_here(Isa::kAvx2)) GTEST_SKIP() << "this processor lacks it";
  const auto kernel = kernels::kernel<Op::kIntegerPanel>("int8", Isa::kAvx2);
  for (const int w_code : {-128, -127, 127})
    for (const int x_code : {-127, 127})
      for (const int64_t cols : {64, 1023, 2064})
        for (const int64_t tokens : {1, 2, 3, 4, 12, 15}) {
          const int64_t rows = 35, stride = cols + 3;
          const std::vector<int8_t> w(static_cast<size_t>(rows * cols),
                                      static_cast<int8_t>(w_code));
          const std::vector<int8_t> x(static_cast<size_t>(tokens * stride),
                                      static_cast<int8_t>(x_code));
          std::vector<int32_t> y(static_cast<size_t>(rows * tokens), -1);
          kernel({w.data(), rows, x.data(), stride, tokens, cols, y.data(), rows});
          for (const int32_t sum : y) ASSERT_EQ(sum, w_code * x_code * cols);
        }
}

/// A row of blocks all of whose bytes are `byte`, but for the scales.
std::vector<std::byte> row_of(const precision::Mode& mode, int64_t cols, int byte) {
  std::vector<std::byte> row(mode.functions->bytes(1, cols), static_cast<std::byte>(byte));
  const auto group = static_cast<size_t>(mode.functions->bytes(1, mode.functions->group));
  const std::string name(mode.name);
  const bool has_min = name.ends_with("_1") || name == "q4_k" || name == "q5_k";
  for (size_t i = 0; i < row.size(); i += group) {
    if (has_min) row[i + 2] = std::byte{0}, row[i + 3] = std::byte{0x3c};  // 1 in fp16
    mode.functions->set_scale(&row[i], 0.01F);
  }
  return row;
}

TEST(Avx2Sums, HoldTheLargestPackedCodes) {
  if (!runs_here(Isa::kAvx2)) GTEST_SKIP() << "this processor lacks it";
  for (const char* format : {"q8_0", "q4_0", "q4_1", "q5_0", "q5_1", "q4_k", "q5_k", "q6_k"}) {
    const precision::Mode& mode = *precision::find_mode(format);
    const int64_t cols = mode.functions->group, tokens = 5;
    for (const int byte : {0x00, 0x7f, 0x80, 0xff})
      for (const float value : {-3.0F, 3.0F}) {
        const std::vector<std::byte> row = row_of(mode, cols, byte);
        const precision::MatrixView view{
            .mode = mode.id, .rows = 1, .cols = cols, .codes = row.data()};
        const std::vector<float> x(static_cast<size_t>(tokens * cols), value);
        float want = 0;
        mode.functions->multiply(view, x.data(), &want, 0, 1);
        for (const int64_t some : {int64_t{1}, tokens}) {
          PackedCase packed(format, view, {x.begin(), x.begin() + some * cols}, some);
          const auto got = packed.run(kernels::kernel<Op::kPacked>(format, Isa::kAvx2));
          for (int64_t t = 0; t < some; ++t)
            ASSERT_NEAR(got[static_cast<size_t>(t * 16)], want, std::fabs(want) * 1e-5 + 1e-5)
                << format << " of " << byte << " times " << value << ", token " << t;
        }
      }
  }
}

}  // namespace
}  // namespace nety::kernels
