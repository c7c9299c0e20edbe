// Tiled products for many tokens against double sums, at sizes around those of a tile.
#include <gtest/gtest.h>

#include "core/base/half.h"
#include "core/precision/activation.h"
#include "tests/cuda/on_device.h"

namespace nety::cuda {
namespace {

using precision::ModeId;

class Gemm : public BothOrders {
 protected:
  std::unique_ptr<Device> device_ = emulated_device();
};

TEST_P(Gemm, TakesPanelsOfAnySize) {
  struct Size {
    int32_t rows, cols, tokens;
  };
  for (const ModeId mode : {ModeId::fp32, ModeId::bf16, ModeId::fp16})
    for (const Size& size :
         {Size{1, 1, 1}, Size{63, 65, 17}, Size{65, 63, 66}, Size{130, 33, 64}}) {
      const TestMatrix w = test_matrix(*device_, mode, size.rows, size.cols);
      const std::vector<float> x = numbers(static_cast<size_t>(size.tokens * size.cols), 2, 3.0F);
      const OnDevice<float> xs(*device_, x);
      const int64_t y_stride = size.rows + 5;
      const std::vector<float> before = numbers(static_cast<size_t>(size.tokens * y_stride), 4);
      const OnDevice<float> y(*device_, before);
      gemm(device_->stream(), {w.matrix(), xs.data(), y.data(), y_stride, size.tokens, true});
      const std::vector<float> found = y.values();
      for (int32_t t = 0; t < size.tokens; ++t)
        for (int32_t n = 0; n < y_stride; ++n) {
          const auto at = static_cast<size_t>(t * y_stride + n);
          double expected = before[at];
          for (int32_t k = 0; n < size.rows && k < size.cols; ++k) {
            const float activation = x[static_cast<size_t>(t * size.cols + k)];
            expected +=
                double{w.values[static_cast<size_t>(n * size.cols + k)]} *
                (mode == ModeId::bf16 ? float_from_bf16(bf16_from_float(activation)) : activation);
          }
          expect_sum(found[at], expected, size.cols, 0.6);
        }
    }
}

TEST_P(Gemm, Int8IsTheReferenceWithOutliers) {
  for (const int32_t cols : {1, 63, 200}) {
    const int32_t rows = 67, tokens = 66;
    const int64_t pitch = (cols + 15) / 16 * 16;
    const TestMatrix w = test_matrix(*device_, ModeId::int8, rows, cols);
    std::vector<float> x = numbers(static_cast<size_t>(tokens * cols), 2, 3.0F);
    for (size_t i = 0; i < x.size(); i += 31) x[i] = 6.5F;
    const OnDevice<float> xs(*device_, x), y(*device_, static_cast<size_t>(tokens * rows));
    const OnDevice<int8_t> codes(*device_, static_cast<size_t>(tokens * pitch));
    const OnDevice<float> scales(*device_, size_t{66});
    const OnDevice<int32_t> outliers(*device_, static_cast<size_t>(tokens * pitch));
    const OnDevice<int32_t> counts(*device_, size_t{66});
    const Int8Rows quantised{codes.data(), pitch, scales.data(), outliers.data(), counts.data()};
    quantise_rows(device_->stream(), {xs.data(), tokens, cols, quantised});
    gemm_int8(device_->stream(), {w.matrix(), xs.data(), quantised, y.data(), tokens, false});
    const std::vector<float> found = y.values();
    for (int32_t t = 0; t < tokens; ++t) {
      std::vector<float> expected(static_cast<size_t>(rows));
      precision::mode(ModeId::int8)
          .functions->multiply(w.stored.view, x.data() + t * cols, expected.data(), 0, rows);
      for (int32_t n = 0; n < rows; ++n)
        expect_sum(found[static_cast<size_t>(t * rows + n)], expected[static_cast<size_t>(n)], cols,
                   1.3);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Orders, Gemm,
                         ::testing::Values(simt::Order::kAscending, simt::Order::kDescending));

}  // namespace
}  // namespace nety::cuda
