// The kernels that do something to each token, against the reference, at odd sizes.
#include <gtest/gtest.h>

#include <limits>

#include "core/base/half.h"
#include "core/precision/activation.h"
#include "tests/cuda/on_device.h"

namespace nety::cuda {
namespace {

using precision::ModeId;

class RowKernels : public BothOrders {
 protected:
  std::unique_ptr<Device> device_ = emulated_device();
};

TEST_P(RowKernels, EmbedIsTheModesOwnRow) {
  for (const ModeId mode : {ModeId::fp32, ModeId::bf16, ModeId::fp16, ModeId::int8, ModeId::nf4,
                            ModeId::nf4_dq, ModeId::fp4, ModeId::fp4_dq})
    for (const int64_t cols : {1, 63, 64, 288}) {
      const TestMatrix table = test_matrix(*device_, mode, 11, cols);
      const std::vector<int32_t> tokens = {10, 0, 3};
      const OnDevice<int32_t> ids(*device_, tokens);
      const OnDevice<float> x(*device_, static_cast<size_t>(3 * cols));
      embed(device_->stream(), {table.matrix(), ids.data(), 3, x.data()});
      const std::vector<float> found = x.values();
      for (size_t t = 0; t < 3; ++t)
        for (int64_t k = 0; k < cols; ++k)
          ASSERT_EQ(found[t * static_cast<size_t>(cols) + static_cast<size_t>(k)],
                    table.values[static_cast<size_t>(tokens[t] * cols + k)])
              << precision::mode(mode).name << " " << cols << " column " << k;
    }
}

TEST_P(RowKernels, NormDividesByTheRootMeanSquare) {
  for (const int32_t dim : {1, 63, 65, 257, 4097}) {
    const std::vector<float> x = numbers(static_cast<size_t>(3 * dim), 1, 4.0F);
    const std::vector<float> w = numbers(static_cast<size_t>(dim), 2);
    const std::vector<int32_t> rows = {2, 0};
    const OnDevice<float> xs(*device_, x), ws(*device_, w);
    const OnDevice<int32_t> chosen(*device_, rows);
    const OnDevice<float> y(*device_, static_cast<size_t>(2 * dim));
    rms_norm(device_->stream(), {xs.data(), ws.data(), chosen.data(), y.data(), 2, dim, 1e-5F});
    const std::vector<float> found = y.values();
    for (size_t i = 0; i < 2; ++i) {
      const float* row = x.data() + rows[i] * dim;
      double squares = 0;
      for (int32_t k = 0; k < dim; ++k) squares += double{row[k]} * row[k];
      const double scale = 1 / std::sqrt(squares / dim + 1e-5);
      for (int32_t k = 0; k < dim; ++k) {
        const double expected = double{w[static_cast<size_t>(k)]} * row[k] * scale;
        ASSERT_NEAR(found[i * static_cast<size_t>(dim) + static_cast<size_t>(k)], expected, 2e-6);
      }
    }
  }
}

/// Codes, scale and outliers as the reference has them, bit for bit.
void expect_quantised(Device& device, const std::vector<float>& x) {
  const auto cols = static_cast<int32_t>(x.size());
  const int64_t pitch = (cols + 15) / 16 * 16;
  const OnDevice<float> xs(device, x);
  const OnDevice<int8_t> codes(device, static_cast<size_t>(pitch));
  const OnDevice<float> scale(device, size_t{1});
  const OnDevice<int32_t> outliers(device, static_cast<size_t>(pitch)), count(device, size_t{1});
  quantise_rows(
      device.stream(),
      {xs.data(), 1, cols, {codes.data(), pitch, scale.data(), outliers.data(), count.data()}});
  std::vector<int8_t> want_codes(static_cast<size_t>(pitch), 0);
  std::vector<int32_t> want_outliers(x.size());
  precision::Int8Row want{.codes = want_codes.data(), .outliers = want_outliers.data()};
  precision::quantise_row(x.data(), cols, precision::kOutlierThreshold, want);
  EXPECT_EQ(codes.values(), want_codes);
  ASSERT_EQ(count.values()[0], want.outlier_count);
  for (int32_t j = 0; j < want.outlier_count; ++j)
    EXPECT_EQ(outliers.values()[static_cast<size_t>(j)], want_outliers[static_cast<size_t>(j)]);
  if (std::isnan(want.scale))
    EXPECT_TRUE(std::isnan(scale.values()[0]));
  else
    EXPECT_EQ(scale.values()[0], want.scale);
}

TEST_P(RowKernels, QuantiseIsTheReferenceBitForBit) {
  for (const size_t cols : {1U, 63U, 65U, 255U, 257U, 4097U}) {
    SCOPED_TRACE(cols);
    std::vector<float> x = numbers(cols, 7, 5.0F);
    expect_quantised(*device_, x);
    for (size_t i = 0; i < cols; i += 13) x[i] *= 9;
    expect_quantised(*device_, x);
  }
  expect_quantised(*device_, std::vector<float>(100, 0.0F));
  expect_quantised(*device_, std::vector<float>(100, 7.0F));  // nothing but outliers
  std::vector<float> odd = numbers(100, 8);
  odd[5] = std::numeric_limits<float>::infinity();
  odd[6] = 1e-8F, odd[7] = 5.9999F, odd[8] = -1e6F;
  expect_quantised(*device_, odd);
  odd[9] = std::numeric_limits<float>::quiet_NaN();
  expect_quantised(*device_, odd);
}

TEST_P(RowKernels, QuantiseNormalisesFirstAsRmsNormDoes) {
  const int32_t cols = 301, count = 3;
  const auto pitch = static_cast<size_t>(304);
  const std::vector<float> x = numbers(count * cols, 7, 5.0F), w = numbers(cols, 8, 9.0F);
  const OnDevice<float> xs(*device_, x), ws(*device_, w), apart(*device_, x.size()),
      together(*device_, x.size());
  rms_norm(device_->stream(), {xs.data(), ws.data(), nullptr, apart.data(), count, cols, 1e-5F});
  std::vector<int8_t> codes[2];
  std::vector<float> scales[2];
  for (const bool fused : {false, true}) {
    const OnDevice<int8_t> code(*device_, count * pitch);
    const OnDevice<float> scale(*device_, size_t{count});
    const OnDevice<int32_t> outliers(*device_, count * pitch), counts(*device_, size_t{count});
    QuantiseArgs args{
        fused ? xs.data() : apart.data(),
        count,
        cols,
        {code.data(), static_cast<int64_t>(pitch), scale.data(), outliers.data(), counts.data()}};
    if (fused) args.norm = ws.data(), args.eps = 1e-5F, args.normalised = together.data();
    quantise_rows(device_->stream(), args);
    codes[fused ? 1 : 0] = code.values();
    scales[fused ? 1 : 0] = scale.values();
  }
  EXPECT_EQ(together.values(), apart.values());
  EXPECT_EQ(codes[1], codes[0]);
  EXPECT_EQ(scales[1], scales[0]);
}

TEST_P(RowKernels, DequantiseMakesPanelsOfTheModesWeights) {
  for (const ModeId mode : {ModeId::nf4, ModeId::nf4_dq, ModeId::fp4, ModeId::fp4_dq})
    for (const bool rounded : {false, true}) {
      const int64_t rows = 9, cols = 96;  // blocks of 64 cross rows of 96
      const TestMatrix w = test_matrix(*device_, mode, rows, cols,
                                       rounded ? model::Compute::kBf16 : model::Compute::kMode);
      const int64_t pitch = cols * (rounded ? 2 : 4);
      const OnDevice<std::byte> panel(*device_, static_cast<size_t>(5 * pitch));
      dequantise(device_->stream(), {w.matrix(), 3, 5, panel.data(), pitch});
      const auto bytes = panel.values();
      for (size_t i = 0; i < static_cast<size_t>(5 * cols); ++i) {
        const float expected = w.values[static_cast<size_t>(3 * cols) + i];
        if (rounded) {
          uint16_t bits = 0;
          std::memcpy(&bits, &bytes[2 * i], 2);
          ASSERT_EQ(bits, bf16_from_float(expected));
        } else {
          float found = 0;
          std::memcpy(&found, &bytes[4 * i], 4);
          ASSERT_EQ(found, expected);
        }
      }
    }
}

TEST_P(RowKernels, NarrowRoundsToBf16OrSplitsIntoTwoHalves) {
  const int32_t cols = 65, pitch = 72;
  std::vector<float> x = numbers(2 * cols, 3, 100.0F);
  x[0] = 70000.0F, x[1] = -130000.0F, x[2] = 1e-7F;
  const OnDevice<float> xs(*device_, x);
  const OnDevice<uint16_t> high(*device_, size_t{2} * pitch), low(*device_, size_t{2} * pitch);
  narrow(device_->stream(), {xs.data(), 2, cols, pitch, high.data(), nullptr});
  const std::vector<uint16_t> bf16 = high.values();
  narrow(device_->stream(), {xs.data(), 2, cols, pitch, high.data(), low.data()});
  const std::vector<uint16_t> h = high.values(), l = low.values();
  for (size_t t = 0; t < 2; ++t)
    for (size_t k = 0; k < pitch; ++k) {
      const float expected = k < cols ? x[t * cols + k] : 0.0F;
      EXPECT_EQ(bf16[t * pitch + k], bf16_from_float(expected));
      const float both = float_from_fp16(h[t * pitch + k]) + float_from_fp16(l[t * pitch + k]);
      // Beyond fp16's range the lower half has all of the rest, and rounds it by at most 16.
      const double most =
          std::abs(expected) > 65504 ? 16 : std::abs(double{expected}) * 0x1p-21 + 0x1p-25;
      EXPECT_NEAR(both, expected, most);
    }
}

TEST_P(RowKernels, ElementwiseSteps) {
  const std::vector<float> g = numbers(1000, 1, 8.0F), u = numbers(1000, 2), b = numbers(10, 3);
  const OnDevice<float> h(*device_, g), us(*device_, u), bias(*device_, b);
  silu_multiply(device_->stream(), {h.data(), us.data(), 1000});
  std::vector<float> found = h.values();
  for (size_t i = 0; i < 1000; ++i)
    EXPECT_NEAR(found[i], double{g[i]} / (1 + std::exp(-double{g[i]})) * u[i], 2e-6);
  add_bias(device_->stream(), {h.data(), bias.data(), 100, 10});
  for (size_t i = 0; i < 1000; ++i) EXPECT_EQ(h.values()[i], found[i] + b[i % 10]);
}

TEST_P(RowKernels, ReadingMemoryReadsAllOfIt) {
  for (const size_t words : {size_t{4}, size_t{4100}, size_t{40000}}) {
    std::vector<uint32_t> data(words);
    uint32_t expected = 0;
    for (size_t i = 0; i < words; ++i) {
      data[i] = static_cast<uint32_t>(i) * 2654435761U + 1;
      expected += 3 * data[i];
    }
    constexpr int32_t kBlocks = 2;
    const OnDevice<uint32_t> memory(*device_, data);
    const OnDevice<uint32_t> sums(*device_, static_cast<size_t>(read_sums(kBlocks)));
    read_memory(device_->stream(), {.data = memory.data(),
                                    .pieces = static_cast<int64_t>(words / 4),
                                    .passes = 3,
                                    .blocks = kBlocks,
                                    .sums = sums.data()});
    uint32_t found = 0;
    for (const uint32_t sum : sums.values()) found += sum;
    EXPECT_EQ(found, expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Orders, RowKernels,
                         ::testing::Values(simt::Order::kAscending, simt::Order::kDescending));

}  // namespace
}  // namespace nety::cuda
