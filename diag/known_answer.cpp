// The double-precision reference. Its weights are what the mode's specification says they are.
#include "diag/known_answer.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "core/base/half.h"
#include "core/precision/activation.h"

namespace nety::diag {
namespace {

using precision::Matrix;
using precision::MatrixView;
using precision::Mode;
using precision::ModeKind;

constexpr float kUnit = 8;      // activations are integers before the norm, which divides by this
constexpr int kLargest = 11;    // of the ordinary ones
constexpr float kOutlier = 64;  // 8 after the norm: above LLM.int8()'s threshold of 6
constexpr int64_t kOutlierStep = 700;

/// One group of random bytes whose weights are of moderate size.
void fill_group(const Mode& mode, std::mt19937& random, std::span<std::byte> bytes) {
  const MatrixView group{
      .mode = mode.id, .rows = 1, .cols = mode.functions->group, .codes = bytes.data()};
  std::vector<float> weights(static_cast<size_t>(group.cols));
  bool moderate = false;
  while (!moderate) {
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    mode.functions->dequantise(group, 0, weights.data());
    float largest = 0;
    moderate = std::all_of(weights.begin(), weights.end(), [&](float w) {
      largest = std::max(largest, std::fabs(w));
      return std::fabs(w) < 100.0F;  // false for what is no number
    });
    moderate = moderate && largest > 1e-3F;
  }
}

std::vector<float> sample_weights(int64_t rows, int64_t cols, std::mt19937& random) {
  std::vector<float> weights(static_cast<size_t>(rows * cols));
  std::normal_distribution<float> normal(0, 0.05F);
  for (float& weight : weights) weight = normal(random);
  return weights;
}

std::vector<double> through_int8_row(const std::vector<float>& x) {
  std::vector<int8_t> codes(x.size());
  std::vector<int32_t> outliers(x.size());
  precision::Int8Row row{.codes = codes.data(), .outliers = outliers.data()};
  precision::quantise_row(x.data(), static_cast<int64_t>(x.size()), precision::kOutlierThreshold,
                          row);
  std::vector<double> out(x.size());
  for (size_t k = 0; k < x.size(); ++k)
    out[k] = static_cast<double>(codes[k]) * static_cast<double>(row.scale) / 127;
  for (int32_t j = 0; j < row.outlier_count; ++j) {
    const auto k = static_cast<size_t>(outliers[static_cast<size_t>(j)]);
    out[k] = static_cast<double>(x[k]);
  }
  return out;
}

std::vector<double> through_int8_blocks(const std::vector<float>& x) {
  std::vector<int8_t> codes(x.size());
  std::vector<float> scales(x.size() / precision::kSuperBlock);
  std::vector<int16_t> sums(x.size() / precision::kSuperBlockSumGroup);
  precision::quantise_blocks(x.data(), static_cast<int64_t>(x.size()), precision::kSuperBlock,
                             {codes.data(), scales.data(), sums.data()});
  std::vector<double> out(x.size());
  for (size_t k = 0; k < x.size(); ++k)
    out[k] =
        static_cast<double>(codes[k]) * static_cast<double>(scales[k / precision::kSuperBlock]);
  return out;
}

std::vector<double> through_fine_blocks(const std::vector<float>& x) {
  std::vector<int16_t> codes(x.size());
  std::vector<float> scales(x.size() / precision::kBlock);
  std::vector<int32_t> sums(x.size() / precision::kBlock);
  precision::quantise_fine(x.data(), static_cast<int64_t>(x.size()),
                           {codes.data(), scales.data(), sums.data()});
  std::vector<double> out(x.size());
  for (size_t k = 0; k < x.size(); ++k)
    out[k] = static_cast<double>(codes[k]) * static_cast<double>(scales[k / precision::kBlock]);
  return out;
}

}  // namespace

double product_error(int64_t n) { return 0x1p-24 * std::sqrt(static_cast<double>(n)); }

Arithmetic arithmetic_of(std::string_view backend, const Mode& mode) {
  if (backend != "torch") return {mode.activation, 0};
  if (mode.kind != ModeKind::kFloat || mode.storage == "f32") return {"fp32", 0};
  if (mode.storage == "bf16") return {"bf16", 0x1p-8};
  return {"fp16", 0x1p-10};
}

Matrix sample_matrix(const Mode& mode, int64_t rows, int64_t cols) {
  std::mt19937 random(20);
  if (mode.functions->allocate != nullptr)
    return precision::quantise(mode.id, sample_weights(rows, cols, random).data(), rows, cols);
  Matrix matrix;
  matrix.codes.resize(static_cast<size_t>(mode.functions->bytes(rows, cols)));
  const size_t groups = static_cast<size_t>(rows * cols / mode.functions->group);
  const size_t size = matrix.codes.size() / groups;
  const size_t made = std::min<size_t>(groups, 4096);  // then over again: making them takes time
  for (size_t g = 0; g < made; ++g)
    fill_group(mode, random, {matrix.codes.data() + g * size, size});
  for (size_t g = made; g < groups; ++g)
    std::copy_n(matrix.codes.data() + (g % made + g / made % 7) % made * size, size,
                matrix.codes.data() + g * size);
  matrix.view = {.mode = mode.id, .rows = rows, .cols = cols, .codes = matrix.codes.data()};
  return matrix;
}

// Every row has the same integers, shuffled and with other signs. Their squares have the same sum,
// so one eps makes the mean square 64 in every row. Each step is exact in fp32: every backend then
// rounds the same numbers to bf16 or int8.
Activations::Activations(int64_t tokens, int64_t cols) : tokens_(tokens), cols_(cols) {
  std::mt19937 random(21);
  std::vector<float> values(static_cast<size_t>(cols));
  double squares = 0;
  for (size_t k = 0; k < values.size(); ++k) {
    values[k] = static_cast<float>(random() % kLargest + 1);
    if (k % kOutlierStep == kOutlierStep / 2) values[k] = kOutlier;
    squares += static_cast<double>(values[k]) * static_cast<double>(values[k]);
  }
  eps_ =
      static_cast<double>(kUnit) * static_cast<double>(kUnit) - squares / static_cast<double>(cols);
  rows_.reserve(static_cast<size_t>(tokens * cols));
  for (int64_t t = 0; t < tokens; ++t) {
    std::shuffle(values.begin(), values.end(), random);
    for (const float value : values) rows_.push_back(random() % 2 == 0 ? value : -value);
  }
}

std::vector<double> Activations::seen(int64_t t, const Arithmetic& arithmetic) const {
  const auto first = rows_.begin() + t * cols_;
  std::vector<float> x(first, first + cols_);
  for (float& value : x) value /= kUnit;
  // Multiples of 1/8 below 16 are exact in bf16 and fp16.
  if (arithmetic.activation == "fp32" || arithmetic.activation == "bf16" ||
      arithmetic.activation == "fp16")
    return {x.begin(), x.end()};
  if (arithmetic.activation == "int8 per 256") return through_int8_blocks(x);
  if (arithmetic.activation == "int16 per 32") return through_fine_blocks(x);
  return through_int8_row(x);
}

KnownAnswer::KnownAnswer(const MatrixView& matrix, const Activations& x, int64_t tokens,
                         const Arithmetic& arithmetic)
    : rows_(matrix.rows) {
  const auto dequantise = precision::mode(matrix.mode).functions->dequantise;
  const auto cols = static_cast<size_t>(matrix.cols);
  std::vector<std::vector<double>> seen;
  for (int64_t t = 0; t < tokens; ++t) seen.push_back(x.seen(t, arithmetic));
  y_.resize(static_cast<size_t>(tokens * matrix.rows));
  allowed_.resize(y_.size());
  std::vector<float> weights(cols);
  for (int64_t row = 0; row < matrix.rows; ++row) {
    dequantise(matrix, row, weights.data());
    for (int64_t t = 0; t < tokens; ++t) {
      double sum = 0, magnitude = 0;
      for (size_t k = 0; k < cols; ++k) {
        const double term = static_cast<double>(weights[k]) * seen[static_cast<size_t>(t)][k];
        sum += term;
        magnitude += std::fabs(term);
      }
      const auto i = static_cast<size_t>(t * matrix.rows + row);
      y_[i] = sum;
      allowed_[i] =
          product_error(matrix.cols) * magnitude + arithmetic.output_error * std::fabs(sum) + 1e-30;
    }
  }
}

double KnownAnswer::share(size_t i, float y) const {
  if (!std::isfinite(y)) return std::numeric_limits<double>::infinity();
  return std::fabs(static_cast<double>(y) - y_[i]) / allowed_[i];
}

double KnownAnswer::worst(std::span<const float> y) const {
  double worst = y.size() == y_.size() ? 0 : std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < std::min(y.size(), y_.size()); ++i)
    worst = std::max(worst, share(i, y[i]));
  return worst;
}

std::string KnownAnswer::worst_place(std::span<const float> y) const {
  size_t at = 0;
  for (size_t i = 0; i < std::min(y.size(), y_.size()); ++i)
    if (share(i, y[i]) > share(at, y[at])) at = i;
  return fmt::format("row {}, token {}: {:.6g} instead of {:.6g}", static_cast<int64_t>(at) % rows_,
                     static_cast<int64_t>(at) / rows_, y[at], y_[at]);
}

}  // namespace nety::diag
