// Every vector cell against the scalar cell of the same operation and format, at odd shapes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "core/base/half.h"
#include "core/kernels/kernels.h"
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
        kernel({q.data(), narrow ? static_cast<const void*>(narrow_keys.data()) : keys.data(),
                narrow ? static_cast<const void*>(narrow_values.data()) : values.data(), head_dim,
                length, group, head_dim, 0.125F, scores.data(), a.data()});
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
            ASSERT_NEAR(a[static_cast<size_t>(g * head_dim) + d], want, 2e-5)
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

TEST(FloatPanels, GiveATokenTheSameBitsAloneAndAmongOthers) {
  const int64_t cols = 577, rows = 13, tokens = 11;
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
          << cell.name << " token " << t;
    }
  }
}

}  // namespace
}  // namespace nety::kernels
