// Double quantization as bitsandbytes does it on a CPU, byte for byte.
#include "core/precision/nested_scales.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include "core/precision/codebooks.h"

namespace nety::precision {
namespace {

/// torch sums up to this many values on one thread.
constexpr size_t kSerialSum = 32768;
constexpr size_t kLanes = 8;
constexpr size_t kAccumulators = 4;
constexpr size_t kLevels = 4;

using Lanes = std::array<float, kLanes>;

void add(Lanes& sum, const float* values) {
  for (size_t k = 0; k < kLanes; ++k) sum[k] += values[k];
}

/// Cascade sum of rows of 8 values, each `stride` values after the one before: every 16 rows a
/// level's sum moves up one level, as a carry does. (torch's step grows only past kSerialSum.)
Lanes cascade_sum(const float* values, size_t rows, size_t stride) {
  constexpr size_t kPower = 4;
  constexpr size_t kStep = size_t{1} << kPower;
  std::array<Lanes, kLevels> sums{};
  size_t i = 0;
  while (i + kStep <= rows) {
    for (const size_t end = i + kStep; i < end; ++i) add(sums[0], values + i * stride);
    for (size_t level = 1; level < kLevels; ++level) {
      add(sums[level], sums[level - 1].data());
      sums[level - 1] = {};
      if ((i & ((kStep - 1) << (level * kPower))) != 0) break;
    }
  }
  for (; i < rows; ++i) add(sums[0], values + i * stride);
  for (size_t level = 1; level < kLevels; ++level) add(sums[0], sums[level].data());
  return sums[0];
}

/// The sum of at most kSerialSum values in torch's order.
float torch_sum(std::span<const float> values) {
  const size_t vectors = values.size() / kLanes;
  const size_t rows = vectors / kAccumulators;
  std::array<Lanes, kAccumulators> sums;
  for (size_t a = 0; a < kAccumulators; ++a)
    sums[a] = cascade_sum(values.data() + a * kLanes, rows, kLanes * kAccumulators);
  for (size_t v = rows * kAccumulators; v < vectors; ++v) add(sums[0], values.data() + v * kLanes);
  for (size_t a = 1; a < kAccumulators; ++a) add(sums[0], sums[a].data());
  float total = 0;
  for (const float value : values.subspan(vectors * kLanes)) total += value;
  for (const float lane : sums[0]) total += lane;
  return total;
}

constexpr std::array<float, 255> kMidpoints = [] {
  std::array<float, 255> midpoints{};
  for (size_t k = 0; k < 255; ++k) midpoints[k] = 0.5F * (kDynamic256[k] + kDynamic256[k + 1]);
  return midpoints;
}();

/// The code of a value in [-1, 1], looked up by which of 65,536 equal bins it is in.
uint8_t code_of(float value) {
  const float half = (value + 1.0F) * 0.5F;
  // bitsandbytes uses a fused multiply-add here. In double, product and sum are exact, so one
  // rounding at the end gives the same.
  const float position = static_cast<float>(static_cast<double>(half) * 65535.0 + 0.5);
  const float bin = static_cast<float>(static_cast<uint32_t>(position));
  const float middle = -1.0F + (2.0F * bin) / 65535.0F;
  const auto found = std::lower_bound(kMidpoints.begin(), kMidpoints.end(), middle);
  return static_cast<uint8_t>(found - kMidpoints.begin());
}

}  // namespace

float nested_offset(std::span<const float> absmax) {
  if (absmax.empty()) return 0;
  const auto count = static_cast<float>(absmax.size());
  if (absmax.size() <= kSerialSum) return torch_sum(absmax) / count;
  const double sum = std::accumulate(absmax.begin(), absmax.end(), 0.0);
  return static_cast<float>(sum / static_cast<double>(absmax.size()));
}

float quantise_nested_block(std::span<const float> values, uint8_t* codes) {
  float absmax = 0;
  for (const float value : values) absmax = std::max(absmax, std::fabs(value));
  if (absmax == 0) {
    std::fill_n(codes, values.size(), uint8_t{0});
    return 0;
  }
  const float inverse = 1.0F / absmax;
  for (size_t k = 0; k < values.size(); ++k)
    codes[k] = code_of(std::clamp(values[k] * inverse, -1.0F, 1.0F));
  return absmax;
}

void nest_scales(Matrix& matrix) {
  const size_t count = matrix.scales.size();
  const float offset = nested_offset(matrix.scales);
  std::vector<float> nested((count + kNestedBlock - 1) / kNestedBlock);
  matrix.nested_codes.resize(count);
  for (float& absmax : matrix.scales) absmax -= offset;
  for (size_t b = 0; b < nested.size(); ++b) {
    const size_t begin = b * kNestedBlock;
    const size_t size = std::min<size_t>(kNestedBlock, count - begin);
    nested[b] = quantise_nested_block(std::span<const float>(matrix.scales).subspan(begin, size),
                                      matrix.nested_codes.data() + begin);
  }
  matrix.scales = std::move(nested);
  matrix.view.scales = matrix.scales.data();
  matrix.view.nested_codes = matrix.nested_codes.data();
  matrix.view.nested_map = kDynamic256.data();
  matrix.view.nested_offset = offset;
  matrix.view.nested_block = kNestedBlock;
}

}  // namespace nety::precision
