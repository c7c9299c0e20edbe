// Dequantising and multiplying any GGUF block format, given its decoder.
#include "core/precision/gguf_mode.h"

#include <algorithm>
#include <vector>

namespace nety::precision {
namespace {

const std::byte* row_of(const GgufFormat& format, const MatrixView& matrix, int64_t row) {
  return matrix.codes + row * (matrix.cols / format.weights) * format.bytes;
}

/// The contribution of one block to an output: x [format.weights] codes with scale dx.
float product(const GgufFormat& format, const DecodedBlock& block, const int16_t* x, float dx) {
  int32_t codes = 0;
  int32_t mins = 0;
  for (int32_t g = 0; g < format.weights / format.group; ++g) {
    int32_t dot = 0;
    int32_t sum = 0;
    for (int32_t k = g * format.group; k < (g + 1) * format.group; ++k) {
      dot += block.codes[static_cast<size_t>(k)] * x[k];
      sum += x[k];
    }
    codes += block.scales[static_cast<size_t>(g)] * dot;
    if (format.has_min) mins += block.mins[static_cast<size_t>(g)] * sum;
  }
  const float y = (block.d * dx) * static_cast<float>(codes);
  return format.has_min ? y - (block.dmin * dx) * static_cast<float>(mins) : y;
}

/// Rounds activations to integers: 16 bits for blocks of 32 weights, 8 bits for blocks of 256.
void quantise(const GgufFormat& format, const float* x, int64_t cols, int16_t* codes,
              float* scales) {
  if (format.weights == kBlock) {
    std::vector<int32_t> sums(static_cast<size_t>(cols / kBlock));
    return quantise_fine(x, cols, {codes, scales, sums.data()});
  }
  std::vector<int8_t> narrow(static_cast<size_t>(cols));
  std::vector<int16_t> sums(static_cast<size_t>(cols / kSuperBlockSumGroup));
  quantise_blocks(x, cols, kSuperBlock, {narrow.data(), scales, sums.data()});
  std::copy(narrow.begin(), narrow.end(), codes);
}

}  // namespace

uint64_t gguf_bytes(const GgufFormat& format, int64_t rows, int64_t cols) {
  return static_cast<uint64_t>(rows * (cols / format.weights) * format.bytes);
}

void gguf_dequantise(const GgufFormat& format, const MatrixView& matrix, int64_t row, float* out) {
  DecodedBlock block;
  const auto groups = static_cast<size_t>(format.weights / format.group);
  const std::byte* bytes = row_of(format, matrix, row);
  for (int64_t b = 0; b < matrix.cols / format.weights; ++b) {
    format.decode(bytes + b * format.bytes, block);
    const int8_t* codes = block.codes.data();
    for (size_t g = 0; g < groups; ++g) {
      const float scale = block.d * block.scales[g];
      const float least = format.has_min ? block.dmin * block.mins[g] : 0.0F;
      for (int32_t k = 0; k < format.group; ++k) *out++ = scale * *codes++ - least;
    }
  }
}

void gguf_multiply(const GgufFormat& format, const MatrixView& matrix, const float* x, float* y,
                   int64_t first, int64_t last) {
  const size_t cols = static_cast<size_t>(matrix.cols);
  std::vector<int16_t> codes(cols);
  std::vector<float> scales(cols / static_cast<size_t>(format.weights));
  quantise(format, x, matrix.cols, codes.data(), scales.data());
  DecodedBlock block;
  for (int64_t n = first; n < last; ++n) {
    const std::byte* bytes = row_of(format, matrix, n);
    float sum = 0;
    for (size_t b = 0; b < scales.size(); ++b) {
      format.decode(bytes, block);
      bytes += format.bytes;
      sum +=
          product(format, block, codes.data() + b * static_cast<size_t>(format.weights), scales[b]);
    }
    y[n] = sum;
  }
}

void multiply_dequantised(void (*dequantise)(const MatrixView& matrix, int64_t row, float* out),
                          const MatrixView& matrix, const float* x, float* y, int64_t first,
                          int64_t last) {
  std::vector<float> row(static_cast<size_t>(matrix.cols));
  for (int64_t n = first; n < last; ++n) {
    dequantise(matrix, n, row.data());
    float sum = 0;
    for (const float w : row) sum += w * *x++;
    x -= matrix.cols;
    y[n] = sum;
  }
}

}  // namespace nety::precision
