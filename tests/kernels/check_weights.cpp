// Checks of what reads, unpacks, packs and makes stored weights.
#include "tests/kernels/checks.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <tuple>

#include "core/base/half.h"

namespace nety::kernels {

// A row of random bytes of a mode, with scales that are small numbers.
static std::vector<std::byte> random_row(const precision::Mode& mode, int64_t cols, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::byte> row(mode.functions->bytes(1, cols));
  for (std::byte& byte : row) byte = static_cast<std::byte>(random() & 0xff);
  // fp16 and bf16 exponents of all ones would be NaN: clear one exponent bit of every 16-bit word.
  for (size_t i = 1; i < row.size(); i += 2) row[i] &= std::byte{0xbf};
  if (mode.functions->set_scale == nullptr) return row;
  const auto group = static_cast<size_t>(mode.functions->bytes(1, mode.functions->group));
  for (size_t i = 0; i < row.size(); i += group)
    mode.functions->set_scale(&row[i], static_cast<float>(random() % 1000 + 1) * 1e-3F);
  return row;
}

// Every code of fp8, NaN among them.
static void check_codes(const precision::Mode& mode, UnpackKernel kernel) {
  std::vector<std::byte> codes(256);
  for (size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<std::byte>(i);
  const precision::MatrixView view{.mode = mode.id, .rows = 1, .cols = 256, .codes = codes.data()};
  std::vector<float> got(256), want(256);
  kernel(view, 0, got.data());
  mode.functions->dequantise(view, 0, want.data());
  EXPECT_EQ(std::memcmp(got.data(), want.data(), got.size() * sizeof(float)), 0);
}

void check_unpack(const Cell& cell, UnpackKernel kernel) {
  const precision::Mode& mode = mode_of(cell);
  if (mode.id == precision::ModeId::fp8) check_codes(mode, kernel);
  for (const int64_t cols : {1, 7, 8, 24, 65, 80, 96, 576}) {
    const int64_t rows = 3;
    const AnyMatrix matrix = random_matrix(mode, rows, cols);
    std::vector<float> got(static_cast<size_t>(cols)), want(got.size());
    for (int64_t row = 0; row < rows; ++row) {
      kernel(matrix.view, row, got.data());
      mode.functions->dequantise(matrix.view, row, want.data());
      EXPECT_EQ(std::memcmp(got.data(), want.data(), got.size() * sizeof(float)), 0)
          << mode.name << " row " << row << " of " << cols;
    }
  }
}

void check_unpack_blocks(const Cell& cell, UnpackBlocksKernel kernel) {
  const precision::Mode& mode = mode_of(cell);
  const int64_t cols = 96, blocks = 4;
  const auto row = random_row(mode, cols, 12);
  std::vector<int8_t> codes(128);
  std::vector<float> scales(4), mins(4), want(96);
  const bool has_mins =
      kernel(row.data(), cols, {codes.data(), scales.data(), mins.data(), 1}, 0, blocks);
  mode.functions->dequantise({.mode = mode.id, .rows = 1, .cols = cols, .codes = row.data()}, 0,
                             want.data());
  for (size_t k = 0; k < 96; ++k) {
    const float value =
        scales[k / 32] * static_cast<float>(codes[k]) + (has_mins ? mins[k / 32] : 0.0F);
    ASSERT_FLOAT_EQ(value, want[k]) << mode.name << " weight " << k;
  }
}

AnyMatrix random_matrix(const precision::Mode& mode, int64_t rows, int64_t cols) {
  AnyMatrix matrix;
  if (mode.kind != precision::ModeKind::kStored) {
    const auto weights = random_floats(static_cast<size_t>(rows * cols), 31);
    matrix.made = precision::quantise(mode.id, weights.data(), rows, cols);
    matrix.view = matrix.made.view;
    return matrix;
  }
  matrix.bytes.push_back(std::byte{0});
  for (int64_t r = 0; r < rows; ++r) {
    const auto row = random_row(mode, cols, static_cast<unsigned>(40 + r));
    matrix.bytes.insert(matrix.bytes.end(), row.begin(), row.end());
  }
  matrix.view = {.mode = mode.id, .rows = rows, .cols = cols, .codes = matrix.bytes.data() + 1};
  if (mode.id != precision::ModeId::fp8) return matrix;
  // Blocks that vectors fit into and blocks that they do not, and one for all columns.
  matrix.view.block = cols % 3 == 0 ? 48 : cols % 2 == 0 ? 40 : 5000;
  matrix.view.block_rows = 2;
  matrix.made.scales = random_floats(static_cast<size_t>((rows + 1) / 2 * (cols / 40 + 1)), 39);
  matrix.view.scales = matrix.made.scales.data();
  return matrix;
}

PackedCase::PackedCase(std::string_view format, const precision::MatrixView& w,
                       const std::vector<float>& x, int64_t tokens) {
  const precision::Mode& mode = precision::mode(w.mode);
  const int64_t blocks = w.cols / mode.functions->group;
  const int64_t count = (w.rows + kPackRows - 1) / kPackRows;
  const size_t row_bytes = mode.functions->bytes(1, w.cols);
  const std::vector<std::byte> zeros(row_bytes);
  const size_t panel_bytes = packed_panel_bytes(w.mode, w.cols);
  panels.resize(panel_bytes * static_cast<size_t>(count));
  const auto pack = kernels::kernel<Op::kPack>(format, Isa::kScalar);
  for (int64_t panel = 0; panel < count; ++panel) {
    const std::byte* rows[kPackRows];
    for (int64_t r = 0; r < kPackRows; ++r) {
      const int64_t at = panel * kPackRows + r;
      rows[r] = at < w.rows ? w.codes + static_cast<size_t>(at) * row_bytes : zeros.data();
    }
    pack(rows, blocks, panels.data() + static_cast<size_t>(panel) * panel_bytes);
  }
  const size_t values = x.size();
  high.resize(values), low.resize(values), codes.resize(values);
  scales.resize(values / 32), sums.resize(values / 32), code_sums.resize(values / 32);
  group_sums.resize(values / 16), super_sums.resize(values / 32);
  product = {panels.data(),
             count,
             blocks,
             {high.data(), low.data(), scales.data(), sums.data(), code_sums.data(), blocks},
             {codes.data(), scales.data(), super_sums.data(), group_sums.data(), blocks},
             tokens,
             nullptr,
             count * kPackRows};
  for (int64_t t = 0; t < tokens; ++t) {
    const float* row = x.data() + t * w.cols;
    if (mode.functions->group == 256)
      kernels::kernel<Op::kQuantiseSuper>("q8_k", Isa::kScalar)(row, w.cols, product.super, t);
    else
      kernels::kernel<Op::kQuantise>("q8", Isa::kScalar)(row, w.cols, product.small, t);
  }
}

std::vector<float> PackedCase::run(PackedKernel kernel) {
  std::vector<float> y(static_cast<size_t>(product.tokens * product.y_stride), NAN);
  product.y = y.data();
  kernel(product);
  return y;
}

void check_packed(const Cell& cell, PackedKernel kernel) {
  const precision::Mode& mode = mode_of(cell);
  const int64_t group = mode.functions->group;
  for (const int64_t cols : {group, 3 * group, 8 * group})
    for (const int64_t rows : {1, 16, 21})
      for (const int64_t tokens : {1, 2, 9}) {
        const AnyMatrix w = random_matrix(mode, rows, cols);
        const auto x = random_floats(static_cast<size_t>(tokens * cols), 32, 5.0F);
        PackedCase packed(cell.format, w.view, x, tokens);
        const std::vector<float> got = packed.run(kernel);
        std::vector<float> want(static_cast<size_t>(rows)), row(static_cast<size_t>(cols));
        for (int64_t t = 0; t < tokens; ++t) {
          mode.functions->multiply(w.view, x.data() + t * cols, want.data(), 0, rows);
          for (int64_t r = 0; r < rows; ++r) {
            mode.functions->dequantise(w.view, r, row.data());
            double size = 0;
            for (size_t k = 0; k < row.size(); ++k)
              size += std::fabs(double{row[k]} * double{x[static_cast<size_t>(t * cols) + k]});
            ASSERT_NEAR(got[static_cast<size_t>(t * packed.product.y_stride + r)],
                        want[static_cast<size_t>(r)], size * reordering_error(cols))
                << mode.name << " " << rows << "x" << cols << " row " << r << " token " << t;
          }
        }
      }
}

// Rows of `unpack` as a panel, times x through the float panel of the same family.
void check_stored_rows(const Cell& cell, StoredRowsKernel kernel) {
  const precision::Mode& mode = mode_of(cell);
  const UnpackKernel nibbles = kernels::kernel<Op::kUnpackNibbles>(cell.format, cell.isa);
  const UnpackKernel unpack =
      nibbles != nullptr ? nibbles : kernels::kernel<Op::kUnpack>(cell.format, cell.isa);
  const auto panel_kernel = kernels::kernel<Op::kFloatPanel>("fp32", cell.isa);
  const std::vector<int64_t> widths = nibbles != nullptr
                                          ? std::vector<int64_t>{64, 128, 192, 576}
                                          : std::vector<int64_t>{1, 7, 16, 63, 64, 65, 4097};
  for (const int64_t cols : widths)
    for (const int64_t rows : {1, 8, 13, 14}) {
      const int64_t tokens = 5;
      AnyMatrix w = random_matrix(mode, rows, cols);
      if (nibbles != nullptr && rows == 14)
        w.view.block = 128;  // half of the scales, all the codes
      auto x = random_floats(static_cast<size_t>(tokens * cols), 36);
      std::vector<float> panel(static_cast<size_t>(rows * cols), NAN);
      for (int64_t r = 0; r < rows; ++r) unpack(w.view, r, panel.data() + r * cols);
      std::vector<float> want(static_cast<size_t>(rows * tokens), NAN), got(want);
      panel_kernel({panel.data(), cols, rows, x.data(), cols, tokens, cols, want.data(), rows});
      for (const int64_t some : {int64_t{1}, int64_t{2}, tokens}) {
        kernel({&w.view, 0, rows, x.data(), cols, some, got.data(), rows});
        ASSERT_EQ(
            std::memcmp(got.data(), want.data(), static_cast<size_t>(some * rows) * sizeof(float)),
            0)
            << mode.name << " " << rows << "x" << cols << ", " << some << " tokens";
      }
    }
}

void check_unpack_nibbles(const Cell& cell, UnpackKernel kernel) {
  const precision::Mode& mode = mode_of(cell);
  for (const int64_t cols : {64, 128, 192, 576}) {
    AnyMatrix w = random_matrix(mode, 3, cols);
    if (cols == 192) w.view.block = 128;  // fewer scales, the same codes
    std::vector<float> got(static_cast<size_t>(cols), NAN), row(got);
    for (int64_t r = 0; r < 3; ++r) {
      kernel(w.view, r, got.data());
      mode.functions->dequantise(w.view, r, row.data());
      for (int64_t i = 0; i < cols; ++i) {
        const int64_t column = i / kNibbleChunk * kNibbleChunk + nibble_column(i % kNibbleChunk);
        const float want = row[static_cast<size_t>(column)];
        ASSERT_EQ(std::memcmp(&got[static_cast<size_t>(i)], &want, sizeof(want)), 0)
            << mode.name << " row " << r << " of " << cols << ", position " << i;
      }
    }
  }
}

void check_quantise_weights(const Cell& cell, QuantiseWeightsKernel kernel) {
  const precision::Mode& mode = mode_of(cell);
  for (const int64_t cols : {64, 65, 576})
    for (const float spread : {1.0F, 1e-3F, 1e-42F, 0.0F}) {
      const int64_t rows = 5;
      auto w = random_floats(static_cast<size_t>(rows * cols), 38, spread);
      for (size_t i = 0; i < 20; ++i) w[i] = static_cast<float>(i) / 20.0F * spread;  // near ties
      const precision::Matrix want = precision::quantise(mode.id, w.data(), rows, cols);
      std::vector<std::byte> codes(want.codes.size());
      std::vector<float> scales(want.scales.size());
      const bool done = kernel(w.data(), rows, cols, codes.data(), scales.data());
      EXPECT_EQ(done, mode.id == precision::ModeId::int8 || rows * cols % 64 == 0);
      if (!done) continue;
      EXPECT_EQ(codes, want.codes) << mode.name << " " << cols << " up to " << spread;
      EXPECT_EQ(std::memcmp(scales.data(), want.scales.data(), scales.size() * sizeof(float)), 0);
      w[70 % w.size()] = INFINITY;
      EXPECT_FALSE(kernel(w.data(), rows, cols, codes.data(), scales.data()));
      w[70 % w.size()] = NAN;
      EXPECT_FALSE(kernel(w.data(), rows, cols, codes.data(), scales.data()));
    }
}

}  // namespace nety::kernels
