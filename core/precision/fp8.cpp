// fp8: 1 sign, 4 exponent and 3 fraction bits (OFP8's E4M3, without infinities), times an fp32
// scale for a block of rows and columns: w = value * scale.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "core/base/rounding.h"
#include "core/precision/gguf_mode.h"

namespace nety::precision {
namespace {

constexpr float value_of(unsigned code) {
  const unsigned exponent = code >> 3 & 15U, fraction = code & 7U;
  const uint32_t sign = (code & 128U) << 24;
  if (exponent == 15 && fraction == 7) return std::bit_cast<float>(sign | 0x7fc00000U);
  // The least exponent has no leading one: multiples of 2^-9.
  const float least = static_cast<float>(fraction) * 0x1p-9F;
  const uint32_t magnitude =
      exponent == 0 ? std::bit_cast<uint32_t>(least) : (exponent + 120) << 23 | fraction << 20;
  return std::bit_cast<float>(sign | magnitude);
}

constexpr std::array<float, 256> kValues = [] {
  std::array<float, 256> values{};
  for (unsigned code = 0; code < 256; ++code) values[code] = value_of(code);
  return values;
}();

void dequantise(const MatrixView& matrix, int64_t row, float* out) {
  const std::byte* codes = matrix.codes + row * matrix.cols;
  if (matrix.scales == nullptr) {
    for (int64_t k = 0; k < matrix.cols; ++k) out[k] = kValues[std::to_integer<size_t>(codes[k])];
    return;
  }
  const int64_t blocks = divide_up(matrix.cols, matrix.block);
  const float* scale = matrix.scales + row / matrix.block_rows * blocks;
  for (int64_t k = 0; k < matrix.cols; ++scale)
    for (const int64_t end = std::min(matrix.cols, k + matrix.block); k < end; ++k)
      out[k] = kValues[std::to_integer<size_t>(codes[k])] * *scale;
}

/// One code is one group: its exponent becomes that of `scale`.
void set_scale(std::byte* group, float scale) {
  const auto exponent = static_cast<unsigned>(std::clamp(std::ilogb(scale) + 7, 1, 14));
  *group = (*group & std::byte{0x87}) | static_cast<std::byte>(exponent << 3);
}

}  // namespace

extern const ModeFunctions k_fp8;
const ModeFunctions k_fp8{
    .bytes = [](int64_t rows, int64_t cols) { return static_cast<uint64_t>(rows * cols); },
    .group = 1,
    .dequantise = dequantise,
    .allocate = nullptr,
    .row_grain = nullptr,
    .quantise = nullptr,
    .finish = nullptr,
    .multiply = multiply_panel<dequantise>,
    .set_scale = set_scale};

}  // namespace nety::precision
