// Makes matrices of any mode, with nothing to add here for a new one.
#include "tests/precision/sample.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace nety::precision {
namespace {

/// One group of random bytes whose weights are of moderate size.
void fill_group(const Mode& stored, std::mt19937& random, std::span<std::byte> bytes) {
  const MatrixView group{
      .mode = stored.id, .rows = 1, .cols = stored.functions->group, .codes = bytes.data()};
  std::vector<float> weights(static_cast<size_t>(group.cols));
  const auto moderate = [](float w) { return std::fabs(w) < 100.0F; };
  float largest = 0;
  do {
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    stored.functions->dequantise(group, 0, weights.data());
    largest = 0;
    for (const float w : weights) largest = std::max(largest, std::fabs(w));
  } while (!std::all_of(weights.begin(), weights.end(), moderate) || largest < 1e-3F);
}

}  // namespace

std::vector<float> sample_weights(int64_t rows, int64_t cols, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> weights;
  for (int64_t n = 0; n < rows; ++n) {
    const float scale = std::exp(normal(random));
    for (int64_t k = 0; k < cols; ++k) weights.push_back(normal(random) * scale);
  }
  return weights;
}

Matrix sample_matrix(ModeId id, int64_t rows, int64_t cols, uint32_t seed) {
  const Mode& sampled = mode(id);
  if (sampled.kind != ModeKind::kStored)
    return quantise(id, sample_weights(rows, cols, seed).data(), rows, cols);
  std::mt19937 random(seed);
  Matrix matrix;
  matrix.codes.resize(sampled.functions->bytes(rows, cols));
  const auto groups = static_cast<size_t>(rows * cols / sampled.functions->group);
  const size_t size = matrix.codes.size() / groups;
  for (size_t g = 0; g < groups; ++g)
    fill_group(sampled, random, {matrix.codes.data() + g * size, size});
  matrix.view = {.mode = id, .rows = rows, .cols = cols, .codes = matrix.codes.data()};
  return matrix;
}

std::vector<float> sample_activations(int64_t cols, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> x(static_cast<size_t>(cols));
  for (float& value : x) value = normal(random);
  for (size_t k = 5; k < x.size(); k += 97) x[k] *= 20.0F;
  return x;
}

std::vector<float> dequantised(const MatrixView& matrix) {
  std::vector<float> weights(static_cast<size_t>(matrix.rows * matrix.cols));
  for (int64_t n = 0; n < matrix.rows; ++n)
    mode(matrix.mode).functions->dequantise(matrix, n, weights.data() + n * matrix.cols);
  return weights;
}

}  // namespace nety::precision
