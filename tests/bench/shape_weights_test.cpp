// Weights of shapes: seeded, the same in every mode, with outliers where they are said to be.
#include "bench/shape_weights.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/checkpoint/shapes.h"

namespace nety::bench {
namespace {

using precision::MatrixView;
using precision::ModeId;

checkpoint::ModelConfig small_shape() {
  checkpoint::ModelConfig config = checkpoint::find_shape("smollm2-135m");
  config.dim = 192;
  config.layers = 2;
  config.heads = 3;
  config.kv_heads = 1;
  config.ffn_dim = 512;
  config.vocab = 1000;
  return config;
}

std::vector<float> row_of(const MatrixView& view, int64_t row) {
  std::vector<float> out(static_cast<size_t>(view.cols));
  precision::mode(view.mode).functions->dequantise(view, row, out.data());
  return out;
}

constexpr const char* kDown = "model.layers.1.mlp.down_proj.weight";
constexpr const char* kGate = "model.layers.0.mlp.gate_proj.weight";
constexpr const char* kTable = "model.embed_tokens.weight";

TEST(ShapeWeights, AreTheSameForTheSameSeedWhateverTheThreads) {
  ShapeWeights one(small_shape(), 1, 1), three(small_shape(), 1, 3), other(small_shape(), 2, 1);
  const MatrixView a = one.weight(kGate, ModeId::fp32), b = three.weight(kGate, ModeId::fp32);
  EXPECT_EQ(a.rows, 512);
  EXPECT_EQ(a.cols, 192);
  bool differs = false;
  const MatrixView c = other.weight(kGate, ModeId::fp32);
  for (const int64_t row : {0, 255, 256, 511}) {
    EXPECT_EQ(row_of(a, row), row_of(b, row));
    differs = differs || row_of(a, row) != row_of(c, row);
  }
  EXPECT_TRUE(differs);
}

class EveryMade : public testing::TestWithParam<ModeId> {};

TEST_P(EveryMade, IsTheRoundingOfTheSameWeights) {
  const precision::Mode& mode = precision::mode(GetParam());
  ShapeWeights weights(small_shape(), 1, 2);
  for (const char* name : {kGate, kDown, kTable}) {
    const MatrixView exact = weights.weight(name, ModeId::fp32);
    ShapeWeights again(small_shape(), 1, 2);
    const MatrixView view = again.weight(name, mode.id);
    ASSERT_EQ(view.rows, exact.rows);
    for (int64_t row = 0; row < view.rows; row += 37) {
      const std::vector<float> expected = row_of(exact, row), got = row_of(view, row);
      double error = 0, power = 0;
      for (size_t k = 0; k < got.size(); ++k) {
        error += std::pow(double{got[k]} - expected[k], 2);
        power += std::pow(double{expected[k]}, 2);
      }
      // 4-bit formats keep about a tenth of the amplitude as noise; wrong rows would be 140 %.
      EXPECT_LT(std::sqrt(error / power), 0.25) << mode.name << " " << name << " " << row;
    }
  }
}

std::vector<ModeId> made_modes() {
  std::vector<ModeId> ids;
  for (const precision::Mode& mode : precision::modes())
    if (mode.functions->allocate != nullptr) ids.push_back(mode.id);
  return ids;
}

INSTANTIATE_TEST_SUITE_P(Mode, EveryMade, testing::ValuesIn(made_modes()), [](const auto& test) {
  std::string name(precision::mode(test.param).name);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(ShapeWeights, GiveInt8ItsOutliersAfterTheNorm) {
  for (const char* name : {"smollm2-135m", "mistral-7b"}) {
    checkpoint::ModelConfig config = checkpoint::find_shape(name);
    config.vocab = 64;
    ShapeWeights weights(config, 1, 1);
    const MatrixView table = weights.weight(kTable, ModeId::bf16);
    for (int64_t row = 0; row < table.rows; row += 9) {
      const std::vector<float> x = row_of(table, row);
      double squares = 0;
      for (const float value : x) squares += double{value} * value;
      const double rms = std::sqrt(squares / static_cast<double>(x.size()));
      std::vector<int64_t> outliers;
      for (size_t k = 0; k < x.size(); ++k)
        if (std::fabs(x[k]) / rms >= 6) outliers.push_back(static_cast<int64_t>(k));
      EXPECT_EQ(outliers, outlier_columns(config.dim)) << name << " " << row;
    }
  }
  EXPECT_EQ(outlier_columns(4096).size(), static_cast<size_t>(kOutlierColumns));
}

TEST(ShapeWeights, RefuseWhatTheyCannotMake) {
  ShapeWeights weights(small_shape(), 1, 1);
  EXPECT_THROW(weights.weight(kGate, std::nullopt), Error);
  EXPECT_THROW(weights.weight(kGate, ModeId::q4_1), Error);
  EXPECT_FALSE(weights.has("model.layers.0.self_attn.q_proj.bias"));
  EXPECT_FALSE(weights.has("model.layers.2.mlp.up_proj.weight"));
}

}  // namespace
}  // namespace nety::bench
