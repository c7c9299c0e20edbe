// Every vector cell against the scalar cell of the same operation and format, at odd shapes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <tuple>
#include <vector>

#include "core/base/half.h"
#include "core/kernels/kernels.h"
#include "core/kernels/packed.h"
#include "core/precision/mode.h"

namespace nety::kernels {
namespace {

// Sums of n products in another order differ by at most this, relative to the sum of magnitudes.
double reordering_error(int64_t n) { return 1.2e-7 * std::sqrt(static_cast<double>(n)) * 4; }

std::vector<float> random_floats(size_t n, unsigned seed, float spread = 1.0F) {
  std::mt19937 random(seed);
  std::vector<float> values(n);
  for (float& value : values)
    value = spread * (static_cast<float>(random()) / 2147483648.0F - 1.0F);
  return values;
}

class EveryKernel : public testing::TestWithParam<Cell> {
 protected:
  void SetUp() override {
    if (GetParam().isa > best_isa(machine::host())) GTEST_SKIP() << "this processor lacks it";
  }
  template <class Kernel>
  Kernel kernel() const {
    return reinterpret_cast<Kernel>(GetParam().function);
  }
  template <class Kernel>
  Kernel reference() const {
    return kernels::kernel<Kernel>(GetParam().op, GetParam().format, Isa::kScalar);
  }
};

void check_float_panel(FloatPanelKernel kernel) {
  for (const int64_t cols : {1, 7, 16, 63, 64, 65, 577, 4097})
    for (const int64_t rows : {1, 3, 4, 9})
      for (const int64_t tokens : {1, 2, 5, 6, 13}) {
        // One float of misalignment on purpose.
        const auto w = random_floats(static_cast<size_t>(rows * cols + 1), 1);
        const auto x = random_floats(static_cast<size_t>(tokens * cols + 1), 2);
        std::vector<float> y(static_cast<size_t>(rows * tokens), NAN);
        kernel({w.data() + 1, cols, rows, x.data() + 1, cols, tokens, cols, y.data(), rows});
        for (int64_t t = 0; t < tokens; ++t)
          for (int64_t r = 0; r < rows; ++r) {
            double sum = 0, size = 0;
            for (int64_t k = 0; k < cols; ++k) {
              const double product = double{w[static_cast<size_t>(1 + r * cols + k)]} *
                                     double{x[static_cast<size_t>(1 + t * cols + k)]};
              sum += product;
              size += std::fabs(product);
            }
            ASSERT_NEAR(y[static_cast<size_t>(t * rows + r)], sum,
                        size * reordering_error(cols) + 1e-12)
                << rows << "x" << cols << ", " << tokens << " tokens";
          }
      }
}

struct BlockData {
  std::vector<int8_t> codes;
  std::vector<float> scales, mins;
  std::vector<int32_t> sums;
};

BlockData random_blocks(int64_t rows, int64_t blocks, unsigned seed, int lowest) {
  std::mt19937 random(seed);
  BlockData data;
  for (int64_t i = 0; i < rows * blocks; ++i) {
    int32_t sum = 0;
    for (int k = 0; k < 32; ++k) {
      const auto code = static_cast<int8_t>(lowest + static_cast<int>(random() % 255));
      data.codes.push_back(code);
      sum += code;
    }
    data.sums.push_back(sum);
    data.scales.push_back(static_cast<float>(random() % 1000) / 1000.0F);
    data.mins.push_back(static_cast<float>(random() % 1000) / 1000.0F - 0.5F);
  }
  return data;
}

void check_block_panel(BlockPanelKernel kernel, BlockPanelKernel reference) {
  for (const int64_t blocks : {2, 4, 18, 34})
    for (const int64_t rows : {1, 4, 7})
      for (const int64_t tokens : {1, 4, 6})
        for (const bool mins : {false, true}) {
          BlockData w = random_blocks(rows, blocks, 3, -128);
          BlockData x = random_blocks(tokens, blocks, 4, -127);
          BlockData low = random_blocks(tokens, blocks, 5, -127);
          for (size_t i = 0; i < x.sums.size(); ++i)
            x.sums[i] = kCodeBase * x.sums[i] + low.sums[i];
          for (float& scale : x.scales) scale /= kCodeBase;
          std::vector<float> sums(x.sums.size());
          for (size_t i = 0; i < sums.size(); ++i)
            sums[i] = x.scales[i] * static_cast<float>(x.sums[i]);
          std::vector<float> got(static_cast<size_t>(rows * tokens)), want(got.size());
          BlockPanel panel{{w.codes.data(), w.scales.data(), mins ? w.mins.data() : nullptr, rows},
                           {x.codes.data(), low.codes.data(), x.scales.data(), sums.data(),
                            x.sums.data(), blocks},
                           tokens,
                           got.data(),
                           rows};
          kernel(panel);
          panel.y = want.data();
          reference(panel);
          // The terms are integers up to 32 * 128 * 127 times scales up to 1.
          const double bound =
              32.0 * 128 * 127 * static_cast<double>(blocks) * reordering_error(blocks * 8);
          for (size_t i = 0; i < got.size(); ++i)
            ASSERT_NEAR(got[i], want[i], bound) << rows << " rows, " << blocks << " blocks";
        }
}

void check_quantise(QuantiseKernel kernel, QuantiseKernel reference) {
  const int64_t cols = 32 * 9;
  auto x = random_floats(static_cast<size_t>(cols), 5, 10.0F);
  std::fill_n(x.begin() + 32, 32, 0.0F);  // a block of zeros
  x[64] = INFINITY;                       // not finite
  x[96] = NAN;
  for (size_t i = 128; i < 160; ++i) x[i] *= 1e-40F;                         // subnormal
  for (size_t i = 160; i < 192; ++i) x[i] = static_cast<float>(i) - 176.5F;  // ties
  struct Blocks {
    std::vector<int8_t> high, low;
    std::vector<float> scales, sums;
    std::vector<int32_t> code_sums;
  };
  const auto run = [&](QuantiseKernel function) {
    Blocks out{std::vector<int8_t>(320), std::vector<int8_t>(320), std::vector<float>(10),
               std::vector<float>(10), std::vector<int32_t>(10)};
    function(x.data(), cols,
             {out.high.data(), out.low.data(), out.scales.data(), out.sums.data(),
              out.code_sums.data(), 10},
             0);
    return out;
  };
  const Blocks got = run(kernel), want = run(reference);
  for (size_t k = 0; k < 288; ++k)
    EXPECT_EQ(kCodeBase * got.high[k] + got.low[k], kCodeBase * want.high[k] + want.low[k]) << k;
  EXPECT_EQ(got.code_sums, want.code_sums);
  EXPECT_EQ(std::memcmp(got.scales.data(), want.scales.data(), 40), 0);
  EXPECT_EQ(std::memcmp(got.sums.data(), want.sums.data(), 40), 0);
}

void check_silu(SiluKernel kernel) {
  for (const int64_t n : {1, 8, 15, 16, 17, 63, 65}) {
    auto g = random_floats(static_cast<size_t>(n), 6, 30.0F);
    g[0] = -200;  // exp overflows
    const auto u = random_floats(static_cast<size_t>(n), 7);
    std::vector<float> h(g.size());
    kernel(g.data(), u.data(), h.data(), n);
    for (size_t i = 0; i < h.size(); ++i) {
      const double want = double{g[i]} / (1 + std::exp(-double{g[i]})) * double{u[i]};
      ASSERT_NEAR(h[i], want, std::fabs(want) * 1e-6 + 1e-30) << "g = " << g[i];
    }
  }
}

void check_attention(AttentionKernel kernel, bool narrow) {
  for (const int64_t head_dim : {4, 16, 63, 64, 80, 128})
    for (const int64_t length : {1, 2, 15, 17, 100})
      for (const int64_t group : {1, 3}) {
        const auto q = random_floats(static_cast<size_t>(group * head_dim), 8, 3.0F);
        auto keys = random_floats(static_cast<size_t>(length * head_dim), 9, 3.0F);
        auto values = random_floats(static_cast<size_t>(length * head_dim), 10);
        std::vector<uint16_t> narrow_keys, narrow_values;
        for (float& v : keys) narrow_keys.push_back(bf16_from_float(v));
        for (float& v : values) narrow_values.push_back(bf16_from_float(v));
        if (narrow)
          for (size_t i = 0; i < keys.size(); ++i) {
            keys[i] = float_from_bf16(narrow_keys[i]);
            values[i] = float_from_bf16(narrow_values[i]);
          }
        std::vector<float> scores(static_cast<size_t>(group * length)), a(q.size(), NAN);
        std::vector<float> tops(static_cast<size_t>(group)), sums(tops);
        kernel({q.data(), narrow ? static_cast<const void*>(narrow_keys.data()) : keys.data(),
                narrow ? static_cast<const void*>(narrow_values.data()) : values.data(), head_dim,
                length, group, head_dim, 0.125F, scores.data(), a.data(), tops.data(),
                sums.data()});
        for (int64_t g = 0; g < group; ++g) {
          std::vector<double> p(static_cast<size_t>(length));
          double sum = 0;
          for (size_t i = 0; i < p.size(); ++i) {
            double dot = 0;
            for (size_t d = 0; d < static_cast<size_t>(head_dim); ++d)
              dot += double{q[static_cast<size_t>(g * head_dim) + d]} *
                     double{keys[i * static_cast<size_t>(head_dim) + d]};
            sum += p[i] = std::exp(dot * 0.125);
          }
          for (size_t d = 0; d < static_cast<size_t>(head_dim); ++d) {
            double want = 0;
            for (size_t i = 0; i < p.size(); ++i)
              want += p[i] / sum * double{values[i * static_cast<size_t>(head_dim) + d]};
            ASSERT_NEAR(a[static_cast<size_t>(g * head_dim) + d] / sums[static_cast<size_t>(g)],
                        want, 2e-5)
                << "width " << head_dim << ", length " << length;
          }
        }
      }
}

// A row of random bytes of a mode, with scales that are small numbers.
std::vector<std::byte> random_row(const precision::Mode& mode, int64_t cols, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::byte> row(mode.functions->bytes(1, cols));
  for (std::byte& byte : row) byte = static_cast<std::byte>(random() & 0xff);
  // fp16 and bf16 exponents of all ones would be NaN: clear one exponent bit of every 16-bit word.
  for (size_t i = 1; i < row.size(); i += 2) row[i] &= std::byte{0xbf};
  return row;
}

void check_unpack(UnpackKernel kernel, const precision::Mode& mode) {
  for (const int64_t cols : {1, 7, 8, 24, 65, 80, 96, 576}) {
    const int64_t rows = 3;
    const auto weights = random_floats(static_cast<size_t>(rows * cols), 11);
    const precision::Matrix matrix = precision::quantise(mode.id, weights.data(), rows, cols);
    std::vector<float> got(static_cast<size_t>(cols)), want(got.size());
    for (int64_t row = 0; row < rows; ++row) {
      kernel(matrix.view, row, got.data());
      mode.functions->dequantise(matrix.view, row, want.data());
      EXPECT_EQ(std::memcmp(got.data(), want.data(), got.size() * sizeof(float)), 0)
          << mode.name << " row " << row << " of " << cols;
    }
  }
}

void check_integer_panel(IntegerPanelKernel kernel, IntegerPanelKernel reference) {
  std::mt19937 random(13);
  for (const int64_t cols : {1, 15, 63, 64, 65, 577})
    for (const int64_t rows : {1, 4, 9})
      for (const int64_t tokens : {1, 5, 7}) {
        std::vector<int8_t> w(static_cast<size_t>(rows * cols)),
            x(static_cast<size_t>(tokens * cols));
        for (int8_t& code : w) code = static_cast<int8_t>(random() % 256 - 128);
        for (int8_t& code : x) code = static_cast<int8_t>(random() % 255 - 127);
        std::vector<int32_t> got(static_cast<size_t>(rows * tokens)), want(got.size());
        kernel({w.data(), rows, x.data(), cols, tokens, cols, got.data(), rows});
        reference({w.data(), rows, x.data(), cols, tokens, cols, want.data(), rows});
        ASSERT_EQ(got, want) << rows << "x" << cols << ", " << tokens << " tokens";
      }
}

void check_unpack_blocks(UnpackBlocksKernel kernel, const precision::Mode& mode) {
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

// A matrix of a mode with random contents: made from weights where the mode can be, else of random
// blocks, misaligned by one byte.
struct AnyMatrix {
  precision::Matrix made;
  std::vector<std::byte> bytes;
  precision::MatrixView view;
};

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
  return matrix;
}

// The packed form of a matrix and the activations for it.
struct PackedCase {
  std::vector<std::byte> panels;
  std::vector<int8_t> high, low, codes;
  std::vector<float> scales, sums;
  std::vector<int32_t> code_sums, group_sums;
  std::vector<int16_t> super_sums;
  PackedProduct product{};

  PackedCase(const Cell& cell, const precision::MatrixView& w, const std::vector<float>& x,
             int64_t tokens) {
    const precision::Mode& mode = precision::mode(w.mode);
    const int64_t blocks = w.cols / mode.functions->group;
    const int64_t count = (w.rows + kPackRows - 1) / kPackRows;
    const size_t row_bytes = mode.functions->bytes(1, w.cols);
    const std::vector<std::byte> zeros(row_bytes);
    const size_t panel_bytes = packed_block_bytes(w.mode) * static_cast<size_t>(blocks);
    panels.resize(panel_bytes * static_cast<size_t>(count));
    const auto pack = kernels::kernel<PackKernel>(Op::kPack, cell.format, Isa::kScalar);
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
        kernels::kernel<QuantiseSuperKernel>(Op::kQuantiseSuper, "q8_k", Isa::kScalar)(
            row, w.cols, product.super, t);
      else
        kernels::kernel<QuantiseKernel>(Op::kQuantise, "q8", Isa::kScalar)(row, w.cols,
                                                                           product.small, t);
    }
  }

  std::vector<float> run(PackedKernel kernel) {
    std::vector<float> y(static_cast<size_t>(product.tokens * product.y_stride), NAN);
    product.y = y.data();
    kernel(product);
    return y;
  }
};

void check_packed(const Cell& cell, PackedKernel kernel, const precision::Mode& mode) {
  const int64_t group = mode.functions->group;
  for (const int64_t cols : {group, 3 * group, 8 * group})
    for (const int64_t rows : {1, 16, 21})
      for (const int64_t tokens : {1, 2, 9}) {
        const AnyMatrix w = random_matrix(mode, rows, cols);
        const auto x = random_floats(static_cast<size_t>(tokens * cols), 32, 5.0F);
        PackedCase packed(cell, w.view, x, tokens);
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

void check_quantise_super(QuantiseSuperKernel kernel, QuantiseSuperKernel reference) {
  const int64_t cols = 256 * 5;
  auto x = random_floats(static_cast<size_t>(cols), 33, 10.0F);
  std::fill_n(x.begin() + 256, 256, 0.0F);
  x[600] = INFINITY;
  for (size_t i = 768; i < 1024; ++i) x[i] *= 1e-40F;                                // subnormal
  for (size_t i = 1024; i < 1280; ++i) x[i] = static_cast<float>(i % 254) - 126.5F;  // ties
  const auto run = [&](QuantiseSuperKernel function) {
    std::vector<int8_t> codes(1280);
    std::vector<float> scales(5);
    std::vector<int16_t> sums(40);
    std::vector<int32_t> groups(80);
    function(x.data(), cols, {codes.data(), scales.data(), sums.data(), groups.data(), 5}, 0);
    std::vector<uint32_t> bits(5);
    std::memcpy(bits.data(), scales.data(), 20);
    return std::tuple(codes, bits, sums, groups);
  };
  EXPECT_EQ(run(kernel), run(reference));
}

void check_quantise_int8(QuantiseInt8Kernel kernel) {
  for (const int64_t cols : {1, 7, 8, 65, 577})
    for (const float spread : {0.0F, 1e-7F, 1.0F, 7.0F, 100.0F, 1e6F}) {
      auto x = random_floats(static_cast<size_t>(cols), 37, spread);
      const auto run = [&](QuantiseInt8Kernel function) {
        std::vector<int8_t> codes(static_cast<size_t>(cols), int8_t{99});
        std::vector<int32_t> outliers(static_cast<size_t>(cols));
        precision::Int8Row row{.codes = codes.data(), .outliers = outliers.data()};
        function(x.data(), cols, row);
        outliers.resize(static_cast<size_t>(row.outlier_count));
        uint32_t scale;
        std::memcpy(&scale, &row.scale, sizeof(scale));
        return std::tuple(codes, outliers, scale);
      };
      const auto reference =
          kernels::kernel<QuantiseInt8Kernel>(Op::kQuantiseInt8, "int8", Isa::kScalar);
      EXPECT_EQ(run(kernel), run(reference)) << cols << " columns up to " << spread;
      x[0] = NAN;
      EXPECT_EQ(run(kernel), run(reference)) << cols << " columns with a NaN";
    }
}

void check_half_panel(HalfPanelKernel kernel) {
  for (const int64_t cols : {1, 7, 31, 32, 63, 64, 65, 577, 4097})
    for (const int64_t rows : {1, 3, 4, 9})
      for (const int64_t tokens : {1, 2, 6, 9}) {
        const auto floats_w = random_floats(static_cast<size_t>(rows * cols + 1), 34);
        const auto floats_x = random_floats(static_cast<size_t>(tokens * cols + 1), 35);
        std::vector<uint16_t> w, x;
        for (const float v : floats_w) w.push_back(bf16_from_float(v));
        for (const float v : floats_x) x.push_back(bf16_from_float(v));
        std::vector<float> y(static_cast<size_t>(rows * tokens), NAN), alone(y);
        kernel({w.data() + 1, cols, rows, x.data() + 1, cols, tokens, cols, y.data(), rows});
        for (int64_t t = 0; t < tokens; ++t) {
          kernel({w.data() + 1, cols, rows, x.data() + 1 + t * cols, cols, 1, cols,
                  alone.data() + t * rows, rows});
          for (int64_t r = 0; r < rows; ++r) {
            double sum = 0, size = 0;
            for (int64_t k = 0; k < cols; ++k) {
              const double product =
                  double{float_from_bf16(w[static_cast<size_t>(1 + r * cols + k)])} *
                  double{float_from_bf16(x[static_cast<size_t>(1 + t * cols + k)])};
              sum += product;
              size += std::fabs(product);
            }
            ASSERT_NEAR(y[static_cast<size_t>(t * rows + r)], sum,
                        size * reordering_error(cols) + 1e-12)
                << rows << "x" << cols << ", " << tokens << " tokens";
          }
        }
        ASSERT_EQ(std::memcmp(y.data(), alone.data(), y.size() * sizeof(float)), 0)
            << rows << "x" << cols << ", " << tokens << " tokens";
      }
}

// Rows of `unpack` as a panel, times x through the float panel of the same family.
void check_stored_rows(const Cell& cell, StoredRowsKernel kernel, const precision::Mode& mode) {
  const Cell* nibbles = find_cell(Op::kUnpackNibbles, cell.format, cell.isa);
  const Cell* plain = find_cell(Op::kUnpack, cell.format, cell.isa);
  const auto unpack =
      reinterpret_cast<UnpackKernel>((nibbles != nullptr ? nibbles : plain)->function);
  const auto panel_kernel = kernels::kernel<FloatPanelKernel>(Op::kFloatPanel, "fp32", cell.isa);
  const std::vector<int64_t> widths = nibbles != nullptr
                                          ? std::vector<int64_t>{64, 128, 192, 576}
                                          : std::vector<int64_t>{1, 7, 16, 63, 64, 65, 4097};
  for (const int64_t cols : widths)
    for (const int64_t rows : {1, 8, 13}) {
      const int64_t tokens = 5;
      const AnyMatrix w = random_matrix(mode, rows, cols);
      const int64_t width =
          nibbles != nullptr ? (cols + kNibbleChunk - 1) / kNibbleChunk * kNibbleChunk : cols;
      auto x = random_floats(static_cast<size_t>(tokens * width), 36);
      std::vector<float> panel(static_cast<size_t>(rows * width), NAN);
      for (int64_t r = 0; r < rows; ++r) unpack(w.view, r, panel.data() + r * width);
      std::vector<float> want(static_cast<size_t>(rows * tokens), NAN), got(want);
      panel_kernel({panel.data(), width, rows, x.data(), width, tokens, width, want.data(), rows});
      for (const int64_t some : {int64_t{1}, int64_t{2}, tokens}) {
        kernel({&w.view, 0, rows, x.data(), width, some, got.data(), rows});
        ASSERT_EQ(
            std::memcmp(got.data(), want.data(), static_cast<size_t>(some * rows) * sizeof(float)),
            0)
            << mode.name << " " << rows << "x" << cols << ", " << some << " tokens";
      }
    }
}

void check_unpack_nibbles(UnpackKernel kernel, const precision::Mode& mode) {
  for (const int64_t cols : {64, 128, 576}) {
    const AnyMatrix w = random_matrix(mode, 3, cols);
    const int64_t width = (cols + kNibbleChunk - 1) / kNibbleChunk * kNibbleChunk;
    std::vector<float> got(static_cast<size_t>(width), NAN), row(static_cast<size_t>(cols));
    for (int64_t r = 0; r < 3; ++r) {
      kernel(w.view, r, got.data());
      mode.functions->dequantise(w.view, r, row.data());
      for (int64_t i = 0; i < width; ++i) {
        const int64_t column = i / kNibbleChunk * kNibbleChunk + nibble_column(i % kNibbleChunk);
        const float want = column < cols ? row[static_cast<size_t>(column)] : 0.0F;
        ASSERT_EQ(std::memcmp(&got[static_cast<size_t>(i)], &want, sizeof(want)), 0)
            << mode.name << " row " << r << " of " << cols << ", position " << i;
      }
    }
  }
}

void check_quantise_rows(QuantiseRowsKernel kernel, const precision::Mode& mode) {
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

const precision::Mode& mode_of(const Cell& cell) {
  std::string name(cell.format);
  if (name.ends_with("_dq")) name[name.size() - 3] = '-';
  return *precision::find_mode(name);
}

TEST_P(EveryKernel, AgreesWithTheReference) {
  const Cell& cell = GetParam();
  switch (cell.op) {
    case Op::kFloatPanel:
      check_float_panel(kernel<FloatPanelKernel>());
      break;
    case Op::kBlockPanel:
      check_block_panel(kernel<BlockPanelKernel>(), reference<BlockPanelKernel>());
      break;
    case Op::kQuantise:
      check_quantise(kernel<QuantiseKernel>(), reference<QuantiseKernel>());
      break;
    case Op::kSilu:
      check_silu(kernel<SiluKernel>());
      break;
    case Op::kAttention:
      check_attention(kernel<AttentionKernel>(), cell.format == "bf16");
      break;
    case Op::kUnpack:
      check_unpack(kernel<UnpackKernel>(), mode_of(cell));
      break;
    case Op::kUnpackBlocks:
      check_unpack_blocks(kernel<UnpackBlocksKernel>(), mode_of(cell));
      break;
    case Op::kIntegerPanel:
      check_integer_panel(kernel<IntegerPanelKernel>(), reference<IntegerPanelKernel>());
      break;
    case Op::kPack:  // with every packed product
      EXPECT_NE(packed_block_bytes(mode_of(cell).id), 0U);
      break;
    case Op::kPacked:
      check_packed(cell, kernel<PackedKernel>(), mode_of(cell));
      break;
    case Op::kQuantiseSuper:
      check_quantise_super(kernel<QuantiseSuperKernel>(), reference<QuantiseSuperKernel>());
      break;
    case Op::kQuantiseInt8:
      check_quantise_int8(kernel<QuantiseInt8Kernel>());
      break;
    case Op::kQuantiseRows:
      check_quantise_rows(kernel<QuantiseRowsKernel>(), mode_of(cell));
      break;
    case Op::kHalfPanel:
      check_half_panel(kernel<HalfPanelKernel>());
      break;
    case Op::kStoredRows:
      check_stored_rows(cell, kernel<StoredRowsKernel>(), mode_of(cell));
      break;
    case Op::kUnpackNibbles:
      check_unpack_nibbles(kernel<UnpackKernel>(), mode_of(cell));
      break;
  }
}

INSTANTIATE_TEST_SUITE_P(Cells, EveryKernel, testing::ValuesIn(cells().begin(), cells().end()),
                         [](const auto& one) { return std::string(one.param.name); });

TEST(KernelTable, NamesEachCellOnce) {
  std::vector<std::string_view> names;
  for (const Cell& cell : cells()) names.push_back(cell.name);
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

TEST(KernelTable, FallsBackToANarrowerFamily) {
  const Cell* cell = find_cell(Op::kUnpack, "bf16", Isa::kAvx512);
  if (cell != nullptr) {
    EXPECT_EQ(cell->name, "unpack_bf16_avx2");
  }
  EXPECT_EQ(find_cell(Op::kUnpack, "bf16", Isa::kScalar), nullptr);
  EXPECT_EQ(find_cell(Op::kUnpack, "no such format", Isa::kAvx512), nullptr);
}

TEST(PackedProducts, GiveATokenTheSameBitsAloneAndAmongOthers) {
  const int64_t tokens = 11;
  for (const Cell& cell : cells()) {
    if (cell.op != Op::kPacked || cell.isa > best_isa(machine::host())) continue;
    const precision::Mode& mode = mode_of(cell);
    const int64_t cols = 4 * mode.functions->group;
    const AnyMatrix w = random_matrix(mode, 33, cols);
    const auto x = random_floats(static_cast<size_t>(tokens * cols), 41);
    const auto kernel = reinterpret_cast<PackedKernel>(cell.function);
    PackedCase all(cell, w.view, x, tokens);
    const std::vector<float> want = all.run(kernel);
    for (int64_t t = 0; t < tokens; ++t) {
      const std::vector<float> row(x.begin() + t * cols, x.begin() + (t + 1) * cols);
      PackedCase one(cell, w.view, row, 1);
      const std::vector<float> alone = one.run(kernel);
      EXPECT_EQ(std::memcmp(alone.data(), want.data() + t * 48, 33 * sizeof(float)), 0)
          << cell.name << " token " << t;
    }
  }
}

TEST(FloatPanels, GiveATokenTheSameBitsAloneAndAmongOthers) {
  const int64_t rows = 13, tokens = 11;
  for (const int64_t cols : {577, 1100, 4097}) {  // the longer ones are taken by stretches
    const auto w = random_floats(static_cast<size_t>(rows * cols), 20);
    const auto x = random_floats(static_cast<size_t>(tokens * cols), 21);
    for (const Cell& cell : cells()) {
      if (cell.op != Op::kFloatPanel || cell.isa > best_isa(machine::host())) continue;
      const auto kernel = reinterpret_cast<FloatPanelKernel>(cell.function);
      std::vector<float> all(static_cast<size_t>(rows * tokens)), alone(static_cast<size_t>(rows));
      kernel({w.data(), cols, rows, x.data(), cols, tokens, cols, all.data(), rows});
      for (int64_t t = 0; t < tokens; ++t) {
        kernel({w.data(), cols, rows, x.data() + t * cols, cols, 1, cols, alone.data(), rows});
        EXPECT_EQ(std::memcmp(alone.data(), all.data() + t * rows, alone.size() * sizeof(float)), 0)
            << cell.name << " token " << t << " of " << cols << " columns";
      }
    }
  }
}

}  // namespace
}  // namespace nety::kernels
