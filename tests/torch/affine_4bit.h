// The weights of LibTorch's 4-bit product, written anew for the tests: affine, in groups of 64
// along a row, scale and zero in bf16.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/base/half.h"

namespace nety::model {

inline double as_bf16(double value) {
  return double{float_from_bf16(bf16_from_float(static_cast<float>(value)))};
}

/// What becomes of a row of weights.
inline std::vector<double> affine_4bit(const std::vector<double>& row) {
  constexpr size_t kGroup = 64;
  std::vector<double> out;
  for (size_t begin = 0; begin < row.size(); begin += kGroup) {
    const size_t end = std::min(begin + kGroup, row.size());
    const auto [low, high] = std::minmax_element(row.begin() + static_cast<int64_t>(begin),
                                                 row.begin() + static_cast<int64_t>(end));
    const double scale = as_bf16((*high - *low) / 15), zero = as_bf16(*low + 8 * scale);
    for (size_t k = begin; k < end; ++k) {
      const double code = scale > 0 ? std::nearbyint((row[k] - zero) / scale) : 0;
      out.push_back(std::clamp(code, -8.0, 7.0) * scale + zero);
    }
  }
  return out;
}

}  // namespace nety::model
