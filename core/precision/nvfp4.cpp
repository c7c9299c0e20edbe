// nvfp4: 64 weights of 4 bits, floats themselves, a float of 8 bits per 16, and
// sometimes an fp32 factor of the whole matrix: w = scale * value.
#include <cmath>

#include "core/precision/gguf_mode.h"
#include "core/precision/layout.h"

namespace nety::precision {
namespace {

constexpr int32_t kWeights = 64;
constexpr size_t kGroup = 16;

/// Half of a float of 4 exponent and 3 fraction bits; the top bit says nothing.
float half_scale(unsigned bits) {
  if (bits == 0x7f) return 0;
  const unsigned exponent = bits >> 3 & 15U, fraction = bits & 7U;
  const unsigned digits = exponent == 0 ? fraction : fraction + 8;
  return std::ldexp(static_cast<float>(digits),
                    static_cast<int>(exponent == 0 ? 1 : exponent) - 11);
}

uint64_t bytes(int64_t rows, int64_t cols) {
  return static_cast<uint64_t>(rows * (cols / kWeights) * Nvfp4::kBytes);
}

void dequantise(const MatrixView& matrix, int64_t row, float* out) {
  const std::byte* block = matrix.codes + bytes(row, matrix.cols);
  const float whole = matrix.scales == nullptr ? 1 : *matrix.scales;
  for (int64_t b = 0; b < matrix.cols / kWeights; ++b, block += Nvfp4::kBytes)
    for (size_t g = 0; g < kWeights / kGroup; ++g, out += kGroup) {
      const float scale = half_scale(std::to_integer<unsigned>(block[Nvfp4::kScales + g])) * whole;
      const std::byte* codes = block + Nvfp4::kCodes + 8 * g;
      for (size_t j = 0; j < 8; ++j) {
        const auto pair = std::to_integer<size_t>(codes[j]);
        out[j] = scale * static_cast<float>(Mxfp4::kValues[pair & 15U]);
        out[j + 8] = scale * static_cast<float>(Mxfp4::kValues[pair >> 4]);
      }
    }
}

/// The nearest of the scales above zero.
void set_scale(std::byte* block, float scale) {
  unsigned nearest = 1;
  for (unsigned bits = 2; bits < 0x7f; ++bits)
    if (std::fabs(half_scale(bits) - scale) < std::fabs(half_scale(nearest) - scale))
      nearest = bits;
  for (size_t g = 0; g < kWeights / kGroup; ++g)
    block[Nvfp4::kScales + g] = static_cast<std::byte>(nearest);
}

}  // namespace

extern const ModeFunctions k_nvfp4;
const ModeFunctions k_nvfp4{.bytes = bytes,
                            .group = kWeights,
                            .dequantise = dequantise,
                            .allocate = nullptr,
                            .row_grain = nullptr,
                            .quantise = nullptr,
                            .finish = nullptr,
                            .multiply = multiply_panel<dequantise>,
                            .set_scale = set_scale};

}  // namespace nety::precision
