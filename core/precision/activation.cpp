// The reference activation quantisers.
#include "core/precision/activation.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/half.h"
#include "core/precision/rounding.h"

namespace nety::precision {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

template <class Code>
float quantise_block(const float* x, int32_t n, float most, Code* codes) {
  const int32_t largest = largest_magnitude(x, n);
  const float amax = std::bit_cast<float>(largest);
  const float inverse = most / amax;
  if (largest >= kInfinityBits || std::isinf(inverse)) {
    std::fill(codes, codes + n, Code{0});
    return largest >= kInfinityBits ? kNaN : 0.0F;
  }
  for (int32_t k = 0; k < n; ++k) codes[k] = static_cast<Code>(round_half_even(x[k] * inverse));
  return amax / most;
}

}  // namespace

void quantise_row(const float* x, int64_t cols, float threshold, Int8Row& row) {
  row.outlier_count = 0;
  float scale = 0;
  bool bad = false;
  for (int64_t k = 0; k < cols; ++k) {
    const float h = std::fabs(float_from_fp16(fp16_from_float(x[k])));
    if (threshold > 0 && h >= threshold)
      row.outliers[row.outlier_count++] = static_cast<int32_t>(k);
    else if (std::isfinite(h))
      scale = std::max(scale, h);
    else
      bad = true;
  }
  row.scale = bad ? kNaN : scale;
  if (bad || scale == 0) {
    std::fill(row.codes, row.codes + cols, int8_t{0});
    return;
  }
  const float inverse = (1.0F / scale) * 127.0F;
  for (int64_t k = 0; k < cols; ++k) {
    const float h = float_from_fp16(fp16_from_float(x[k]));
    const bool outlier = threshold > 0 && std::fabs(h) >= threshold;
    row.codes[k] = outlier ? int8_t{0} : static_cast<int8_t>(round_half_even(h * inverse));
  }
}

void quantise_blocks(const float* x, int64_t cols, int32_t block, const Int8Blocks& out) {
  const int32_t group = block == kSuperBlock ? kSuperBlockSumGroup : kBlockSumGroup;
  for (int64_t b = 0; b < cols / block; ++b)
    out.scales[b] = quantise_block(x + b * block, block, 127.0F, out.codes + b * block);
  for (int64_t g = 0; g < cols / group; ++g) {
    int16_t sum = 0;
    for (int32_t k = 0; k < group; ++k) sum = static_cast<int16_t>(sum + out.codes[g * group + k]);
    out.sums[g] = sum;
  }
}

void quantise_fine(const float* x, int64_t cols, const FineBlocks& out) {
  for (int64_t b = 0; b < cols / kBlock; ++b) {
    int16_t* codes = out.codes + b * kBlock;
    out.scales[b] = quantise_block(x + b * kBlock, kBlock, kFineCodes, codes);
    out.sums[b] = 0;
    for (int32_t k = 0; k < kBlock; ++k) out.sums[b] += codes[k];
  }
}

}  // namespace nety::precision
