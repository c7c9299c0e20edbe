// What kernel tests share: numbers on an emulated device, and how near results must be.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <span>
#include <vector>

#include "core/backends/cuda/weight.h"
#include "tests/cuda/emulated_device.h"
#include "tests/cuda/simt.h"

namespace nety::cuda {

/// Seeded numbers in [-most, most).
inline std::vector<float> numbers(size_t count, uint32_t seed, float most = 1.0F) {
  std::mt19937 random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = (static_cast<float>(random() >> 8) * 0x1p-23F - 1.0F) * most;
  return values;
}

/// Values on the device, for as long as this lives.
template <class T>
class OnDevice {
 public:
  OnDevice(Device& device, std::span<const T> values)
      : device_(device), buffer_(device.allocate(values.size_bytes(), "a test's values")) {
    if (!values.empty())
      device.upload(buffer_.as<T>(), values.size_bytes(), values.data(), values.size_bytes(),
                    values.size_bytes(), 1);
  }
  OnDevice(Device& device, const std::vector<T>& values)
      : OnDevice(device, std::span<const T>(values)) {}
  /// Not initialised.
  OnDevice(Device& device, size_t count)
      : device_(device), buffer_(device.allocate(count * sizeof(T), "a test's results")) {}

  T* data() const { return buffer_.as<T>(); }
  std::vector<T> values() const {
    std::vector<T> out(buffer_.bytes() / sizeof(T));
    device_.download(out.data(), buffer_.as<T>(), out.size() * sizeof(T));
    return out;
  }

 private:
  Device& device_;
  Buffer buffer_;
};

/// A matrix of seeded weights in a mode, on the device, and what its weights are there.
struct TestMatrix {
  std::unique_ptr<CudaWeight> weight;
  std::vector<float> values;  ///< [rows, cols], as the mode stores them.
  precision::Matrix stored;

  const Matrix& matrix() const { return weight->matrix(); }
};

inline TestMatrix test_matrix(Device& device, precision::ModeId mode, int64_t rows, int64_t cols,
                              model::Compute compute = model::Compute::kMode, uint32_t seed = 1) {
  ThreadPool pool(1);
  const std::vector<float> weights = numbers(static_cast<size_t>(rows * cols), seed, 0.2F);
  TestMatrix out;
  out.stored = precision::quantise(mode, weights.data(), rows, cols);
  out.weight = upload_weight(device, out.stored.view, mode, compute, pool);
  out.values.resize(weights.size());
  for (int64_t row = 0; row < rows; ++row)
    precision::mode(mode).functions->dequantise(out.stored.view, row,
                                                out.values.data() + row * cols);
  return out;
}

/// Share of the largest term's size that sums in fp32 may be off, per square root of their length.
inline constexpr double kSumTolerance = 4e-7;

/// fp32 sums of K products of about `size` each against the same in double.
inline void expect_sum(double found, double expected, int64_t terms, double size) {
  EXPECT_NEAR(found, expected, kSumTolerance * std::sqrt(static_cast<double>(terms)) * size + 1e-6);
}

/// Both orders in which emulated threads may run.
class BothOrders : public ::testing::TestWithParam<simt::Order> {
 protected:
  void SetUp() override { simt::set_order(GetParam()); }
  void TearDown() override { simt::set_order(simt::Order::kAscending); }
};

}  // namespace nety::cuda
