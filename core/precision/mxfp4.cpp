// mxfp4: 32 weights of 4 bits, floats themselves, and one power of two: w = d * value.
#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "core/precision/gguf_mode.h"
#include "core/precision/layout.h"

namespace nety::precision {
namespace {

/// 2^(exponent - 128). The two lowest are subnormal, the highest is a number like the others.
float half_power(unsigned exponent) {
  return std::bit_cast<float>(exponent < 2 ? 0x00200000U << exponent : (exponent - 1) << 23);
}

void decode(const std::byte* block, DecodedBlock& out) {
  out.d = half_power(std::to_integer<unsigned>(block[Mxfp4::kExponent]));
  out.scales[0] = 1;
  unpack_nibbles(block + Mxfp4::kCodes, out.codes.data());
  for (size_t k = 0; k < kBlock; ++k)
    out.codes[k] = Mxfp4::kValues[static_cast<size_t>(out.codes[k])];
}

/// The power of two at or below `scale`.
void set_scale(std::byte* block, float scale) {
  block[Mxfp4::kExponent] = static_cast<std::byte>(std::clamp(std::ilogb(scale) + 128, 0, 254));
}

constexpr GgufFormat kFormat{.weights = kBlock,
                             .group = 32,
                             .bytes = Mxfp4::kBytes,
                             .has_min = false,
                             .decode = decode,
                             .set_scale = set_scale};

/// One row as blocks, whatever lies apart.
struct JoinedRow {
  std::vector<std::byte> blocks;
  MatrixView view;

  JoinedRow(const MatrixView& matrix, int64_t row) : view(matrix) {
    view.rows = 1;
    view.exponents = nullptr;
    const auto bytes = static_cast<int64_t>(gguf_bytes(kFormat, 1, matrix.cols));
    view.codes = matrix.codes + row * bytes;
    if (matrix.exponents == nullptr) return;
    blocks.resize(static_cast<size_t>(bytes));
    join_mxfp4(matrix, row, blocks.data());
    view.codes = blocks.data();
  }
};

}  // namespace

void join_mxfp4(const MatrixView& matrix, int64_t row, std::byte* out) {
  const int64_t blocks = matrix.cols / kBlock;
  const int64_t first = row * matrix.row_step * blocks;
  const uint8_t* exponents = matrix.exponents + first;
  const std::byte* pairs = matrix.codes + first * (kBlock / 2);
  for (int64_t b = 0; b < blocks; ++b, out += Mxfp4::kBytes, pairs += kBlock / 2) {
    out[Mxfp4::kExponent] = static_cast<std::byte>(exponents[b]);
    for (int64_t j = 0; j < kBlock / 2; ++j) {  // weights j and j + 16
      const std::byte low = pairs[j / 2], high = pairs[8 + j / 2];
      out[Mxfp4::kCodes + j] =
          j % 2 == 0 ? (low & std::byte{15}) | high << 4 : low >> 4 | (high & std::byte{0xf0});
    }
  }
}

extern const ModeFunctions k_mxfp4;
constinit const ModeFunctions k_mxfp4 = [] {
  ModeFunctions functions = gguf_mode<kFormat>();
  functions.dequantise = [](const MatrixView& matrix, int64_t row, float* out) {
    const JoinedRow joined(matrix, row);
    gguf_dequantise(kFormat, joined.view, 0, out);
  };
  functions.multiply = [](const MatrixView& matrix, const float* x, float* y, int64_t first,
                          int64_t last) {
    if (matrix.exponents == nullptr) return gguf_multiply(kFormat, matrix, x, y, first, last);
    for (int64_t n = first; n < last; ++n) {
      const JoinedRow joined(matrix, n);
      gguf_multiply(kFormat, joined.view, x, y + n, 0, 1);
    }
  };
  return functions;
}();

}  // namespace nety::precision
