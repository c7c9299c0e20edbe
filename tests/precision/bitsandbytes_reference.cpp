// The CPU arithmetic of bitsandbytes 0.50.2, written without core/precision.
#include "tests/precision/bitsandbytes_reference.h"

#include <algorithm>
#include <cmath>

#include "core/base/half.h"
#include "core/precision/activation.h"

namespace nety::precision {
namespace {

size_t at(int64_t row, int64_t cols, int64_t col) { return static_cast<size_t>(row * cols + col); }

float bf16(float value) { return float_from_bf16(bf16_from_float(value)); }

}  // namespace

Int8Batch quantise_batch(std::span<const float> x, int64_t rows, int64_t cols, float threshold) {
  Int8Batch batch;
  batch.codes.resize(x.size());
  std::vector<int32_t> room(static_cast<size_t>(cols));
  std::vector<bool> outlier(static_cast<size_t>(cols));
  for (int64_t m = 0; m < rows; ++m) {
    Int8Row row{.codes = batch.codes.data() + m * cols, .outliers = room.data()};
    quantise_row(x.data() + m * cols, cols, threshold, row);
    batch.scales.push_back(row.scale);
    for (int32_t j = 0; j < row.outlier_count; ++j)
      outlier[static_cast<size_t>(room[static_cast<size_t>(j)])] = true;
  }
  for (int64_t k = 0; k < cols; ++k) {
    if (!outlier[static_cast<size_t>(k)]) continue;
    batch.outlier_columns.push_back(k);
    for (int64_t m = 0; m < rows && rows > 1; ++m) batch.codes[at(m, cols, k)] = 0;
  }
  return batch;
}

std::vector<int64_t> integer_product(const Int8Batch& batch, std::span<const int8_t> weights,
                                     int64_t rows, int64_t cols) {
  const int64_t outputs = static_cast<int64_t>(weights.size()) / cols;
  std::vector<int64_t> sums;
  for (int64_t m = 0; m < rows; ++m) {
    for (int64_t n = 0; n < outputs; ++n) {
      int64_t sum = 0;
      for (int64_t k = 0; k < cols; ++k)
        sum += batch.codes[at(m, cols, k)] * weights[at(n, cols, k)];
      sums.push_back(sum);
    }
  }
  return sums;
}

std::vector<float> int8_linear(std::span<const float> x, int64_t rows,
                               std::span<const int8_t> weights, std::span<const float> scales,
                               std::span<const float> bias, float threshold, float constant) {
  const int64_t cols = static_cast<int64_t>(x.size()) / rows;
  const auto outputs = static_cast<int64_t>(scales.size());
  const Int8Batch batch = quantise_batch(x, rows, cols, threshold);
  const std::vector<int64_t> sums = integer_product(batch, weights, rows, cols);
  std::vector<float> y(sums.size());
  for (int64_t m = 0; m < rows; ++m) {
    for (int64_t n = 0; n < outputs; ++n) {
      const float scale = scales[static_cast<size_t>(n)];
      float out = static_cast<float>(sums[at(m, outputs, n)]) *
                  (batch.scales[static_cast<size_t>(m)] * scale) * constant;
      if (!bias.empty()) out += bias[static_cast<size_t>(n)];
      float exact = 0;
      for (const int64_t k : batch.outlier_columns)
        exact += x[at(m, cols, k)] * (static_cast<float>(weights[at(n, cols, k)]) * scale / 127.0F);
      y[at(m, outputs, n)] = out + exact;
    }
  }
  return y;
}

std::vector<float> int8_linear_training(std::span<const float> x, int64_t rows,
                                        std::span<const int8_t> weights,
                                        std::span<const float> scales,
                                        std::span<const float> bias) {
  const size_t cols = weights.size() / scales.size();
  std::vector<float> wide(weights.size());
  for (size_t k = 0; k < wide.size(); ++k)
    wide[k] = static_cast<float>(weights[k]) * (scales[k / cols] * (1.0F / 127.0F));
  return float_linear(x, rows, wide, bias);
}

std::vector<float> float_linear(std::span<const float> x, int64_t rows,
                                std::span<const float> weights, std::span<const float> bias) {
  const int64_t cols = static_cast<int64_t>(x.size()) / rows;
  const int64_t outputs = static_cast<int64_t>(weights.size()) / cols;
  std::vector<float> y;
  for (int64_t m = 0; m < rows; ++m) {
    for (int64_t n = 0; n < outputs; ++n) {
      double sum = bias.empty() ? 0.0 : static_cast<double>(bias[static_cast<size_t>(n)]);
      for (int64_t k = 0; k < cols; ++k)
        sum +=
            static_cast<double>(x[at(m, cols, k)]) * static_cast<double>(weights[at(n, cols, k)]);
      y.push_back(static_cast<float>(sum));
    }
  }
  return y;
}

std::vector<float> four_bit_linear_bf16(std::span<const float> x, int64_t rows,
                                        std::span<const uint8_t> codes,
                                        std::span<const float> values,
                                        std::span<const float> absmax, int64_t block,
                                        std::span<const float> bias) {
  const int64_t cols = static_cast<int64_t>(x.size()) / rows;
  const auto outputs = static_cast<int64_t>(bias.size());
  std::vector<float> y;
  for (int64_t m = 0; m < rows; ++m) {
    for (int64_t n = 0; n < outputs; ++n) {
      float out = 0;
      for (int64_t begin = 0; begin < cols; begin += block) {
        float sum = 0;
        for (int64_t k = begin; k < begin + block; ++k)
          sum += bf16(x[at(m, cols, k)]) * bf16(values[codes[at(n, cols, k)]]);
        out += sum * bf16(absmax[static_cast<size_t>((n * cols + begin) / block)]);
      }
      y.push_back(bf16(out) + bias[static_cast<size_t>(n)]);
    }
  }
  return y;
}

std::vector<uint8_t> pack_for_bf16(std::span<const uint8_t> codes, int64_t cols) {
  const int64_t rows = static_cast<int64_t>(codes.size()) / cols;
  std::vector<uint8_t> packed;
  for (int64_t tile = 0; tile < rows; tile += 32) {
    for (int64_t pair = 0; pair < cols; pair += 2) {
      for (int64_t r = 0; r < 32; ++r) {
        const int64_t row = tile + r / 2;
        const int64_t col = pair + r % 2;
        const int low = codes[at(row, cols, col)];
        const int high = codes[at(row + 16, cols, col)];
        packed.push_back(static_cast<uint8_t>(high << 4 | low));
      }
    }
  }
  return packed;
}

}  // namespace nety::precision
