// The products of torch-fast against sums in double of what each one says it multiplies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "core/base/error.h"
#include "core/model/plugin.h"
#include "tests/torch/affine_4bit.h"

namespace nety::model {
namespace {

using precision::Matrix;
using precision::ModeId;
using ::testing::HasSubstr;

using Values = std::vector<double>;

std::unique_ptr<Backend> torch_fast() {
  return load_plugin_backend("torch-fast", {.threads = 2, .isa = {}, .device = "cpu"});
}

struct Size {
  int64_t rows, cols, tokens;
};

void PrintTo(const Size& size, std::ostream* out) {
  *out << size.rows << " x " << size.cols << ", " << size.tokens << " tokens";
}

/// Some weights W and activations x, and y = W x as the backend multiplies them.
class FastProduct : public ::testing::TestWithParam<Size> {
 protected:
  FastProduct() {
    std::mt19937 random(3);
    std::normal_distribution<float> normal;
    for (float& w : weights_) w = 0.1F * normal(random);
    std::fill_n(weights_.begin(), size_.cols, 0.0F);  // a row of nothing
    weights_.back() = 2;
    for (float& x : activations_) x = normal(random);
    activations_[activations_.size() / 2] = 9;
  }

  /// y [tokens, rows]. The norm with unit weights makes x of the table's rows.
  std::vector<float> product(ModeId mode, ModeId source_mode) {
    checkpoint::ModelConfig config;
    config.dim = size_.cols, config.layers = 1, config.heads = 1, config.kv_heads = 1;
    config.head_dim = 2, config.ffn_dim = 8, config.vocab = size_.rows, config.context = 64;
    config.rms_eps = kEps;
    const auto workspace = backend_->make_workspace(
        config, whole_shape(config),
        {.context = 64, .tokens = size_.tokens, .logit_rows = size_.tokens});
    const auto cache = backend_->make_cache(
        {.layers = 1, .kv_heads = 1, .head_dim = 2, .context = 64, .sequences = 1});
    std::vector<int32_t> rows(static_cast<size_t>(size_.tokens));
    for (size_t t = 0; t < rows.size(); ++t) rows[t] = static_cast<int32_t>(t);
    const std::vector<int32_t> sequences(rows.size(), 0);
    const std::vector<float> ones(static_cast<size_t>(size_.cols), 1);
    const Matrix x =
        precision::quantise(ModeId::fp32, activations_.data(), size_.tokens, size_.cols);
    const Matrix unit = precision::quantise(ModeId::fp32, ones.data(), 1, size_.cols);
    source_ = precision::quantise(source_mode, weights_.data(), size_.rows, size_.cols);
    const WeightPtr table = backend_->prepare(x.view, ModeId::fp32, WeightUse::kTable);
    const WeightPtr norm = backend_->prepare(unit.view, ModeId::fp32, WeightUse::kMatrix);
    const WeightPtr weight = backend_->prepare(source_.view, mode, WeightUse::kMatrix);
    EXPECT_EQ(weight->mode(), mode);
    owned_ = weight->owned_bytes();
    std::vector<float> y(static_cast<size_t>(size_.tokens * size_.rows));
    backend_->begin_step({rows, rows, sequences, rows}, *workspace, *cache);
    backend_->embed(*table);
    backend_->head(*norm, nullptr, *weight, y, size_.rows);
    backend_->end_step();
    return y;
  }

  /// Row t of x after the norm.
  Values normalised(int64_t t) const {
    const auto first = activations_.begin() + t * size_.cols;
    Values x(first, first + size_.cols);
    double squares = 0;
    for (const double value : x) squares += value * value;
    for (double& value : x)
      value /= std::sqrt(squares / static_cast<double>(size_.cols) + double{kEps});
    return x;
  }

  /// Row n of what was prepared.
  Values source_row(int64_t n) const {
    std::vector<float> row(static_cast<size_t>(size_.cols));
    precision::mode(source_.view.mode).functions->dequantise(source_.view, n, row.data());
    return {row.begin(), row.end()};
  }

  /// Compares y with sums over `weight_row(n)`; `inputs`, `outputs`: relative errors of rounding
  /// them. Sums themselves may be wrong by 2^-24 for each term.
  template <class WeightRow>
  void expect(const std::vector<float>& y, const WeightRow& weight_row, double inputs,
              double outputs) const {
    for (int64_t n = 0; n < size_.rows; ++n) {
      const Values w = weight_row(n);
      for (int64_t t = 0; t < size_.tokens; ++t) {
        const Values x = normalised(t);
        double sum = 0, magnitudes = 0;
        for (size_t k = 0; k < w.size(); ++k) {
          sum += w[k] * x[k];
          magnitudes += std::abs(w[k] * x[k]);
        }
        const double terms = 0x1p-24 * static_cast<double>(size_.cols);
        const double allowed = outputs * std::abs(sum) + (inputs + terms) * magnitudes + 1e-12;
        ASSERT_NEAR(double{y[static_cast<size_t>(t * size_.rows + n)]}, sum, allowed)
            << "row " << n << ", token " << t;
      }
    }
  }

  static constexpr float kEps = 1e-5F;
  /// bf16 has 8 significant bits: rounding is off by at most half of the last.
  static constexpr double kBf16 = 0x1p-8;
  Size size_ = GetParam();
  std::vector<float> weights_ = std::vector<float>(static_cast<size_t>(size_.rows * size_.cols));
  std::vector<float> activations_ =
      std::vector<float>(static_cast<size_t>(size_.tokens * size_.cols));
  std::unique_ptr<Backend> backend_ = torch_fast();
  Matrix source_;
  uint64_t owned_ = 0;
};

TEST_P(FastProduct, Fp16IsTheModesOwnWeightsTimesFp32Activations) {
  const auto y = product(ModeId::fp16, ModeId::fp16);
  // x itself carries the norm's rounding, some units of fp32.
  expect(
      y, [&](int64_t n) { return source_row(n); }, 0x1p-21, 0);
  EXPECT_EQ(owned_, size_.rows * size_.cols * 2);
  EXPECT_EQ(product(ModeId::fp16, ModeId::fp32), y) << "rounded as the mode does";
}

TEST_P(FastProduct, Int8IsTheModesOwnCodesTimesBf16Activations) {
  // Rounded to bf16: x, the scale of the row, and y.
  const auto y = product(ModeId::int8, ModeId::int8);
  expect(
      y, [&](int64_t n) { return source_row(n); }, kBf16, 2 * kBf16);
  const auto from_fp32 = product(ModeId::int8, ModeId::fp32);
  EXPECT_EQ(from_fp32, y) << "the mode's codes, whoever made them";
}

TEST_P(FastProduct, Nf4IsAffineInGroupsOf64OfWhatItWasGiven) {
  for (const ModeId source : {ModeId::fp32, ModeId::nf4}) {
    const auto y = product(ModeId::nf4, source);
    expect(
        y, [&](int64_t n) { return affine_4bit(source_row(n)); }, kBf16, kBf16);
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, FastProduct,
                         ::testing::Values(Size{51, 77, 1}, Size{51, 77, 5}, Size{3, 60, 2},
                                           Size{64, 128, 1}, Size{200, 576, 33},
                                           Size{17, 1536, 1}));

TEST(TorchFast, SaysWhoseArithmeticItIs) {
  const auto backend = torch_fast();
  EXPECT_EQ(backend->name(), "torch-fast");
  EXPECT_EQ(backend->device(), "cpu");
  EXPECT_EQ(backend->kernel(ModeId::fp16), "fbgemm fp16");
  EXPECT_EQ(backend->kernel(ModeId::int8), "aten int8pack bf16");
  EXPECT_EQ(backend->kernel(ModeId::nf4), "aten int4pack g64 bf16");
}

TEST(TorchFast, HasTheModesThatItsTableSays) {
  const auto backend = torch_fast();
  const auto modes = modes_of_backend("torch-fast");
  for (const precision::Mode& mode : precision::modes()) {
    if (std::ranges::find(modes, mode.id) != modes.end()) {
      EXPECT_NO_THROW(backend->kernel(mode.id)) << mode.name;
      continue;
    }
    try {
      backend->kernel(mode.id);
      ADD_FAILURE() << mode.name;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      EXPECT_THAT(error.what(), HasSubstr(std::string(mode.name)));
    }
  }
  EXPECT_TRUE(modes_of_backend("torch").empty());
  EXPECT_TRUE(modes_of_backend("native").empty());
}

TEST(TorchFast, ComputesOnTheCpuOnly) {
  EXPECT_FALSE(probe_gpu("torch-fast").possible);
  EXPECT_THAT(probe_gpu("torch-fast").what, HasSubstr("CPU only"));
  try {
    load_plugin_backend("torch-fast", {.threads = 1, .isa = {}, .device = "cuda:0"});
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  }
}

TEST(TorchFast, CodesOfAFileAreUsedInPlace) {
  const std::vector<float> weights(64 * 128, 0.5F);
  const Matrix matrix = precision::quantise(ModeId::int8, weights.data(), 64, 128);
  EXPECT_EQ(torch_fast()->prepare(matrix.view, ModeId::int8, WeightUse::kMatrix)->owned_bytes(),
            64 * 2)
      << "scales";
}

}  // namespace
}  // namespace nety::model
