// Matrix-vector products in every format against double sums over the mode's own weights: odd
// sizes, every number of tokens, every way of sharing a row, and every epilogue.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/base/half.h"
#include "core/precision/activation.h"
#include "tests/cuda/on_device.h"

namespace nety::cuda {
namespace {

using precision::ModeId;

struct Case {
  ModeId mode;
  model::Compute compute = model::Compute::kMode;
};

const Case kCases[] = {{ModeId::fp32},
                       {ModeId::bf16},
                       {ModeId::fp16},
                       {ModeId::int8},
                       {ModeId::nf4},
                       {ModeId::nf4_dq},
                       {ModeId::fp4},
                       {ModeId::fp4_dq},
                       {ModeId::nf4, model::Compute::kBf16},
                       {ModeId::fp4_dq, model::Compute::kBf16}};

std::string case_name(const ::testing::TestParamInfo<Case>& info) {
  std::string name(precision::mode(info.param.mode).name);
  std::ranges::replace(name, '-', '_');
  return name + (info.param.compute == model::Compute::kBf16 ? "_bf16" : "");
}

float rounded(float x) { return float_from_bf16(bf16_from_float(x)); }

/// The activations of a token as the format multiplies them, in double: int8 apart.
double product(const TestMatrix& w, int64_t row, const float* x) {
  const Format format = w.matrix().format;
  const bool round_x = format == Format::kBf16 || format == Format::kFourBitBf16;
  double sum = 0;
  for (int64_t k = 0; k < w.matrix().cols; ++k) {
    float weight = w.values[static_cast<size_t>(row * w.matrix().cols + k)];
    if (round_x) weight = rounded(weight);  // both sides, whatever it lies in
    sum += double{weight} * (round_x ? rounded(x[k]) : x[k]);
  }
  return sum;
}

std::vector<double> products(const TestMatrix& w, const std::vector<float>& x, int32_t tokens) {
  const int64_t rows = w.matrix().rows, cols = w.matrix().cols;
  std::vector<double> out;
  for (int32_t t = 0; t < tokens; ++t) {
    if (w.matrix().format == Format::kInt8) {
      std::vector<float> y(static_cast<size_t>(rows));
      precision::mode(ModeId::int8)
          .functions->multiply(w.stored.view, x.data() + t * cols, y.data(), 0, rows);
      out.insert(out.end(), y.begin(), y.end());
      continue;
    }
    for (int64_t row = 0; row < rows; ++row) out.push_back(product(w, row, x.data() + t * cols));
  }
  return out;
}

/// Activations quantised on the device, for int8.
class Rows {
 public:
  Rows(Device& device, const float* x, int32_t tokens, int32_t cols)
      : pitch_((cols + 15) / 16 * 16),
        codes_(device, static_cast<size_t>(tokens * pitch_)),
        scales_(device, static_cast<size_t>(tokens)),
        outliers_(device, static_cast<size_t>(tokens * pitch_)),
        counts_(device, static_cast<size_t>(tokens)) {
    quantise_rows(device.stream(), {x, tokens, cols, get()});
  }
  Int8Rows get() const {
    return {codes_.data(), pitch_, scales_.data(), outliers_.data(), counts_.data()};
  }

 private:
  int64_t pitch_;
  OnDevice<int8_t> codes_;
  OnDevice<float> scales_;
  OnDevice<int32_t> outliers_, counts_;
};

class Matvec : public ::testing::TestWithParam<Case> {
 protected:
  Matvec() : device_(emulated_device()) {}

  TestMatrix matrix(int64_t rows, int64_t cols, uint32_t seed = 1) {
    return test_matrix(*device_, GetParam().mode, rows, cols, GetParam().compute, seed);
  }
  /// Activations, some of which are outliers to int8.
  static std::vector<float> activations(int32_t tokens, int64_t cols) {
    std::vector<float> x = numbers(static_cast<size_t>(tokens * cols), 5, 2.0F);
    for (size_t i = 3; i < x.size(); i += 37) x[i] *= 6;
    return x;
  }
  MatvecArgs args(const std::vector<const TestMatrix*>& matrices, const OnDevice<float>& x,
                  const std::vector<float*>& y, int32_t tokens) {
    MatvecArgs a{};
    for (size_t s = 0; s < matrices.size(); ++s)
      a.segments[a.segment_count++] = {matrices[s]->matrix(), nullptr, y[s]};
    a.tokens = tokens;
    a.x = x.data();
    a.split = 1;
    if (a.segments[0].w.format == Format::kInt8) {
      rows_ = std::make_unique<Rows>(*device_, x.data(), tokens, a.segments[0].w.cols);
      a.rows = rows_->get();
    }
    return a;
  }
  void check(int64_t rows, int64_t cols, int32_t tokens, int32_t split) {
    SCOPED_TRACE(std::to_string(rows) + " x " + std::to_string(cols) + ", tokens " +
                 std::to_string(tokens) + ", split " + std::to_string(split));
    const TestMatrix w = matrix(rows, cols);
    const std::vector<float> x = activations(tokens, cols);
    const OnDevice<float> on_device(*device_, x);
    const OnDevice<float> y(*device_, static_cast<size_t>(tokens * rows));
    MatvecArgs a = args({&w}, on_device, {y.data()}, tokens);
    a.split = split;
    matvec(device_->stream(), a);
    const std::vector<float> found = y.values();
    const std::vector<double> expected = products(w, x, tokens);
    for (size_t i = 0; i < expected.size(); ++i) {
      SCOPED_TRACE("output " + std::to_string(i));
      expect_sum(found[i], expected[i], cols, 12.0 * 0.2);
      if (HasFailure()) return;
    }
  }

  std::unique_ptr<Device> device_;
  std::unique_ptr<Rows> rows_;
};

TEST_P(Matvec, TakesMatricesOfAnySize) {
  for (const int64_t cols : {1, 32, 63, 65, 96, 1000})
    for (const int64_t rows : {1, 63, 65}) check(rows, cols, 1, 1);
}

TEST_P(Matvec, TakesRowsLongerThanSharedMemory) {
  check(5, 4097, 1, 1);
  check(5, 33024, 1, 2);
  check(9, 4128, 8, 1);
}

TEST_P(Matvec, TakesUpToEightTokens) {
  for (int32_t tokens = 2; tokens <= kMatvecTokens; ++tokens) check(33, 160, tokens, 1);
}

TEST_P(Matvec, SharesRowsAmongWarps) {
  for (const int32_t split : {2, 4, 8})
    for (const int32_t tokens : {1, 3, 8}) check(19, 2080, tokens, split);
}

TEST_P(Matvec, MultipliesSeveralMatricesAtOnce) {
  const int64_t cols = 128;
  const int32_t tokens = 3;
  const TestMatrix q = matrix(37, cols, 1), k = matrix(9, cols, 2), v = matrix(10, cols, 3);
  const std::vector<float> x = activations(tokens, cols), bias = numbers(9, 4);
  const OnDevice<float> on_device(*device_, x), bias_of_k(*device_, bias);
  const OnDevice<float> yq(*device_, 37 * 3), yk(*device_, 9 * 3), yv(*device_, 10 * 3);
  MatvecArgs a = args({&q, &k, &v}, on_device, {yq.data(), yk.data(), yv.data()}, tokens);
  a.segments[1].bias = bias_of_k.data();
  matvec(device_->stream(), a);
  const TestMatrix* matrices[] = {&q, &k, &v};
  const std::vector<float> found[] = {yq.values(), yk.values(), yv.values()};
  for (size_t s = 0; s < 3; ++s) {
    const std::vector<double> expected = products(*matrices[s], x, tokens);
    for (size_t i = 0; i < expected.size(); ++i)
      expect_sum(found[s][i], expected[i] + (s == 1 ? double{bias[i % 9]} : 0.0), cols, 2.4);
  }
}

TEST_P(Matvec, AddsToWhatIsThere) {
  const TestMatrix w = matrix(13, 64);
  const std::vector<float> x = activations(2, 64), before = numbers(26, 8);
  const OnDevice<float> on_device(*device_, x), y(*device_, before);
  MatvecArgs a = args({&w}, on_device, {y.data()}, 2);
  a.epilogue = Epilogue::kAdd;
  matvec(device_->stream(), a);
  const std::vector<float> found = y.values();
  const std::vector<double> expected = products(w, x, 2);
  for (size_t i = 0; i < 26; ++i) expect_sum(found[i], expected[i] + double{before[i]}, 64, 2.4);
}

TEST_P(Matvec, JoinsGateAndUp) {
  for (const int32_t split : {1, 4}) {
    const int64_t rows = 21, cols = 256;
    const TestMatrix gate = matrix(rows, cols, 1), up = matrix(rows, cols, 2);
    const std::vector<float> x = activations(2, cols), bias = numbers(21, 9);
    const OnDevice<float> on_device(*device_, x), biases(*device_, bias);
    const OnDevice<float> h(*device_, 42), u(*device_, 42);
    MatvecArgs a = args({&gate, &up}, on_device, {h.data(), u.data()}, 2);
    a.segments[0].bias = a.segments[1].bias = biases.data();
    a.epilogue = Epilogue::kSilu;
    a.split = split;
    matvec(device_->stream(), a);
    const std::vector<float> found = h.values();
    const std::vector<double> g = products(gate, x, 2), v = products(up, x, 2);
    for (size_t i = 0; i < 42; ++i) {
      const double wide = g[i] + double{bias[i % 21]};
      const double expected = wide / (1 + std::exp(-wide)) * (v[i] + double{bias[i % 21]});
      EXPECT_NEAR(found[i], expected, 3e-5 * (1 + std::abs(expected)));
    }
  }
}

/// All formats but int8, which normalises where it quantises.
class MatvecOfNormalised : public Matvec {};

TEST_P(MatvecOfNormalised, IsThatOfRmsNorm) {
  for (const int64_t cols : {63, 160, 1056})
    for (const int32_t tokens : {1, 8}) {
      const TestMatrix w = matrix(9, cols);
      const OnDevice<float> x(*device_, activations(tokens, cols));
      const OnDevice<float> weights(*device_, numbers(static_cast<size_t>(cols), 6));
      const auto width = static_cast<size_t>(tokens * cols);
      const OnDevice<float> normalised(*device_, width),
          y(*device_, static_cast<size_t>(tokens * 9)),
          expected(*device_, static_cast<size_t>(tokens * 9));
      rms_norm(device_->stream(), {x.data(), weights.data(), nullptr, normalised.data(), tokens,
                                   static_cast<int32_t>(cols), 1e-5F});
      matvec(device_->stream(), args({&w}, normalised, {expected.data()}, tokens));
      MatvecArgs a = args({&w}, x, {y.data()}, tokens);
      a.norm = weights.data();
      a.eps = 1e-5F;
      matvec(device_->stream(), a);
      const std::vector<float> found = y.values(), wanted = expected.values();
      // Of one token the very bits; of more the sums of squares have another order.
      const bool rounds =
          w.matrix().format == Format::kBf16 || w.matrix().format == Format::kFourBitBf16;
      const double off = tokens == 1 ? 0 : rounds ? 0.02 : 2e-5;
      for (size_t i = 0; i < found.size(); ++i)
        EXPECT_NEAR(found[i], wanted[i], off) << cols << " columns, " << tokens << " tokens";
    }
}

INSTANTIATE_TEST_SUITE_P(Formats, MatvecOfNormalised, ::testing::ValuesIn([] {
                           std::vector<Case> cases(std::begin(kCases), std::end(kCases));
                           std::erase_if(cases,
                                         [](const Case& it) { return it.mode == ModeId::int8; });
                           return cases;
                         }()),
                         case_name);
INSTANTIATE_TEST_SUITE_P(Formats, Matvec, ::testing::ValuesIn(kCases), case_name);

TEST(MatvecInt8, IsTheReferenceBitForBitWithoutOutliers) {
  const auto device = emulated_device();
  const int64_t rows = 33, cols = 200;
  const TestMatrix w = test_matrix(*device, ModeId::int8, rows, cols);
  const std::vector<float> x = numbers(cols, 3, 5.0F);
  const OnDevice<float> on_device(*device, x), y(*device, static_cast<size_t>(rows));
  const Rows quantised(*device, on_device.data(), 1, static_cast<int32_t>(cols));
  MatvecArgs a{};
  a.segments[0] = {w.matrix(), nullptr, y.data()};
  a.segment_count = 1, a.tokens = 1, a.split = 1;
  a.x = on_device.data();
  a.rows = quantised.get();
  matvec(device->stream(), a);
  std::vector<float> expected(static_cast<size_t>(rows));
  precision::mode(ModeId::int8)
      .functions->multiply(w.stored.view, x.data(), expected.data(), 0, rows);
  EXPECT_EQ(y.values(), expected);
}

}  // namespace
}  // namespace nety::cuda
