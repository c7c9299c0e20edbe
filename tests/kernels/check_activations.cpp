// Checks of what is done to activations: rounding, silu, attention.
#include "tests/kernels/checks.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numbers>
#include <numeric>

#include "core/base/half.h"
#include "core/precision/activation.h"

namespace nety::kernels {

namespace {

bool same_float(float a, float b) { return a == b || (std::isnan(a) && std::isnan(b)); }

/// A block's codes and scale by the words of precision/activation.h, without its code.
struct PlainBlock {
  std::vector<int> codes;
  float scale;
};
PlainBlock plain_block(const float* x, size_t n, float most) {
  PlainBlock out{std::vector<int>(n), 0};
  float amax = 0;
  for (size_t k = 0; k < n; ++k) {
    if (!std::isfinite(x[k])) out.scale = NAN;
    amax = std::max(amax, std::fabs(x[k]));
  }
  const float inverse = most / amax;
  if (std::isnan(out.scale) || std::isinf(inverse)) return out;
  // The default rounding direction: to the nearest, halves to even.
  for (size_t k = 0; k < n; ++k) out.codes[k] = static_cast<int>(std::nearbyint(x[k] * inverse));
  out.scale = amax / most;
  return out;
}

/// The nearest fp16 number, halves to even, in double: 11 significant bits, no finer than 2^-24.
double plain_fp16(double value) {
  int exponent = 0;
  std::frexp(value, &exponent);
  const double unit = std::ldexp(1.0, std::max(exponent - 11, -24));
  const double rounded = std::nearbyint(value / unit) * unit;
  return std::fabs(rounded) >= 65536 ? std::copysign(INFINITY, value) : rounded;
}

}  // namespace

void check_quantise(const Cell& /*cell*/, QuantiseKernel kernel) {
  const int64_t cols = 32 * 9;
  auto x = random_floats(static_cast<size_t>(cols), 5, 10.0F);
  std::fill_n(x.begin() + 32, 32, 0.0F);  // a block of zeros
  x[64] = INFINITY;                       // not finite
  x[96] = NAN;
  for (size_t i = 128; i < 160; ++i) x[i] *= 1e-40F;                         // subnormal
  for (size_t i = 160; i < 192; ++i) x[i] = static_cast<float>(i) - 176.5F;  // ties
  std::vector<int8_t> high(320), low(320);
  std::vector<float> scales(10), sums(10);
  std::vector<int32_t> code_sums(10);
  kernel(x.data(), cols,
         {high.data(), low.data(), scales.data(), sums.data(), code_sums.data(), 10}, 0);
  for (size_t b = 0; b < 9; ++b) {
    const PlainBlock want = plain_block(x.data() + 32 * b, 32, 32258);
    int sum = 0;
    for (size_t i = 0; i < 32; ++i) {
      EXPECT_EQ(254 * high[32 * b + i] + low[32 * b + i], want.codes[i]) << "value " << 32 * b + i;
      EXPECT_NE(low[32 * b + i], -128);
      sum += want.codes[i];
    }
    EXPECT_EQ(code_sums[b], sum) << "block " << b;
    EXPECT_TRUE(same_float(scales[b], want.scale)) << "block " << b;
    EXPECT_TRUE(same_float(sums[b], want.scale * static_cast<float>(sum))) << "block " << b;
  }
}

void check_quantise_super(const Cell& /*cell*/, QuantiseSuperKernel kernel) {
  const int64_t cols = 256 * 5;
  auto x = random_floats(static_cast<size_t>(cols), 33, 10.0F);
  std::fill_n(x.begin() + 256, 256, 0.0F);
  x[600] = INFINITY;
  for (size_t i = 768; i < 1024; ++i) x[i] *= 1e-40F;                                // subnormal
  for (size_t i = 1024; i < 1280; ++i) x[i] = static_cast<float>(i % 254) - 126.5F;  // ties
  std::vector<int8_t> codes(1280);
  std::vector<float> scales(5);
  std::vector<int16_t> sums(40);
  std::vector<int32_t> group_sums(80);
  kernel(x.data(), cols, {codes.data(), scales.data(), sums.data(), group_sums.data(), 5}, 0);
  for (size_t b = 0; b < 5; ++b) {
    const PlainBlock want = plain_block(x.data() + 256 * b, 256, 127);
    EXPECT_TRUE(same_float(scales[b], want.scale)) << "block " << b;
    for (size_t i = 0; i < 256; ++i) EXPECT_EQ(codes[256 * b + i], want.codes[i]) << b << " " << i;
    for (const size_t width : {16U, 32U})
      for (size_t g = 0; g < 256 / width; ++g) {
        const auto from = want.codes.begin() + static_cast<ptrdiff_t>(g * width);
        const int sum = std::accumulate(from, from + static_cast<ptrdiff_t>(width), 0);
        EXPECT_EQ(width == 16 ? group_sums[16 * b + g] : int32_t{sums[8 * b + g]}, sum)
            << "block " << b << ", sum " << g << " of " << width;
      }
  }
}

namespace {

void check_int8_row(QuantiseRowKernel kernel, const std::vector<float>& x) {
  std::vector<int8_t> codes(x.size(), int8_t{99});
  std::vector<int32_t> outliers(x.size());
  precision::Int8Row row{.codes = codes.data(), .outliers = outliers.data()};
  kernel(x.data(), static_cast<int64_t>(x.size()), row);
  outliers.resize(static_cast<size_t>(row.outlier_count));

  float largest = 0;
  std::vector<float> halves;
  std::vector<int32_t> want_outliers;
  for (size_t k = 0; k < x.size(); ++k) {
    const auto h = static_cast<float>(plain_fp16(double{x[k]}));
    if (std::fabs(h) >= 6) want_outliers.push_back(static_cast<int32_t>(k));
    if (std::isnan(h)) largest = NAN;
    if (std::fabs(h) < 6 && std::fabs(h) > largest) largest = std::fabs(h);
    halves.push_back(h);
  }
  EXPECT_EQ(outliers, want_outliers);
  EXPECT_TRUE(same_float(row.scale, largest)) << row.scale << " for " << largest;
  const float inverse = (1.0F / largest) * 127.0F;
  for (size_t k = 0; k < x.size(); ++k) {
    const bool none = !(largest > 0) || std::fabs(halves[k]) >= 6;
    EXPECT_EQ(codes[k], none ? 0 : static_cast<int>(std::nearbyint(halves[k] * inverse)));
  }
}

}  // namespace

void check_quantise_row(const Cell& /*cell*/, QuantiseRowKernel kernel) {
  for (const int64_t cols : {1, 7, 8, 65, 577})
    for (const float spread : {0.0F, 1e-7F, 1.0F, 7.0F, 100.0F, 1e6F}) {
      SCOPED_TRACE(std::to_string(cols) + " columns up to " + std::to_string(spread));
      auto x = random_floats(static_cast<size_t>(cols), 37, spread);
      check_int8_row(kernel, x);
      x[0] = NAN;
      check_int8_row(kernel, x);
    }
}

void check_silu(const Cell& /*cell*/, SiluKernel kernel) {
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

void check_gelu(const Cell& /*cell*/, GeluKernel kernel) {
  for (const int64_t n : {1, 8, 15, 16, 17, 63, 65})
    for (const bool gated : {true, false}) {
      auto g = random_floats(static_cast<size_t>(n), 6, 8.0F);
      g[0] = -200;  // exp overflows
      const auto u = random_floats(static_cast<size_t>(n), 7);
      std::vector<float> h(g.size());
      kernel(g.data(), gated ? u.data() : nullptr, h.data(), n);
      for (size_t i = 0; i < h.size(); ++i) {
        const double x = g[i];
        const double z = std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x);
        const double want = x / (1 + std::exp(-2 * z)) * (gated ? double{u[i]} : 1);
        // Rounding in z is multiplied by it.
        ASSERT_NEAR(h[i], want, std::fabs(want) * (1 + std::fabs(z)) * 1e-6 + 1e-30) << x;
      }
    }
}

void check_soft_cap(const Cell& /*cell*/, SoftCapKernel kernel) {
  for (const int64_t n : {1, 8, 15, 16, 17, 63, 65})
    for (const float cap : {0.5F, 5.0F, 50.0F}) {
      auto x = random_floats(static_cast<size_t>(n), 11, 100.0F);
      x[0] = 1e30F;
      if (n > 2) x[1] = -1e30F, x[2] = 0;
      std::vector<float> y = x;
      kernel(y.data(), n, cap);
      for (size_t i = 0; i < y.size(); ++i)
        ASSERT_NEAR(y[i], cap * std::tanh(double{x[i]} / double{cap}), cap * 2e-7) << x[i];
    }
}

namespace {

// Rounds the rows of `x` [positions, width] as a q8_0 cache does, and packs them as keys and as
// values: byte by byte, as core/kernels/attention.h says.
struct Q8Rows {
  std::vector<uint8_t> keys, values;

  Q8Rows(std::vector<float>& x, int64_t width) {
    const int64_t blocks = (width + 31) / 32, row = width + 2 * blocks;
    keys.resize(static_cast<size_t>(kKvBlock * row));
    values.resize(keys.size());
    for (int64_t i = 0; i < kKvBlock; ++i)
      for (int64_t b = 0; b < blocks; ++b) {
        const int64_t count = std::min<int64_t>(32, width - 32 * b);
        float* at = x.data() + i * width + 32 * b;
        float largest = 0;
        for (int64_t d = 0; d < count; ++d) largest = std::max(largest, std::fabs(at[d]));
        const uint16_t scale = fp16_from_float(largest / 127);
        uint8_t* key = keys.data() + i / 16 * 16 * row + b * 34 * 16;
        uint8_t* value = values.data() + i * row + b * 34;
        std::memcpy(key + 2 * (i % 16), &scale, 2);
        std::memcpy(value, &scale, 2);
        for (int64_t d = 0; d < count; ++d) {
          const auto code = static_cast<int8_t>(std::lround(at[d] / (largest / 127)));
          key[32 + 16 * d + i % 16] = value[2 + d] = static_cast<uint8_t>(code);
          at[d] = static_cast<float>(code) * float_from_fp16(scale);
        }
      }
  }
};

// Keys and values of a stretch, and queries of some tokens.
struct AttentionCase {
  int64_t head_dim, tokens, group;
  std::vector<Visible> visible;
  std::vector<float> q, keys, values;  // [tokens, group, head_dim], [positions, head_dim] twice
  std::vector<uint16_t> narrow_keys, narrow_values;
  std::vector<float> blocks;  // keys as a kernel takes them
  std::string_view format;
  std::vector<uint8_t> q8_keys, q8_values;

  AttentionCase(int64_t width, std::vector<Visible> shown, int64_t heads, std::string_view type)
      : head_dim(width),
        tokens(static_cast<int64_t>(shown.size())),
        group(heads),
        visible(std::move(shown)),
        q(random_floats(static_cast<size_t>(tokens * group * width), 8, 3.0F)),
        keys(random_floats(static_cast<size_t>(kKvBlock * width), 9, 3.0F)),
        values(random_floats(static_cast<size_t>(kKvBlock * width), 10)),
        blocks(keys.size()),
        format(type) {
    if (format == "q8_0") {
      q8_keys = Q8Rows(keys, width).keys;
      q8_values = Q8Rows(values, width).values;
    }
    for (float* v : {keys.data(), values.data()})
      for (int64_t i = 0; format == "bf16" && i < kKvBlock * width; ++i)
        v[i] = float_from_bf16(bf16_from_float(v[i]));
    for (int64_t i = 0; i < kKvBlock; ++i)
      for (int64_t d = 0; d < width; ++d)
        blocks[static_cast<size_t>((i / kKeyGroup * width + d) * kKeyGroup + i % kKeyGroup)] =
            keys[static_cast<size_t>(i * width + d)];
    for (const float v : blocks) narrow_keys.push_back(bf16_from_float(v));
    for (const float v : values) narrow_values.push_back(bf16_from_float(v));
  }

  struct Result {
    std::vector<float> a, tops, sums;
  };
  template <class Plain>
  const void* as_cached(const Plain& plain, const std::vector<uint16_t>& narrow,
                        const std::vector<uint8_t>& q8) const {
    if (format == "q8_0") return q8.data();
    return format == "bf16" ? static_cast<const void*>(narrow.data()) : plain.data();
  }
  // Of tokens [first, first + count).
  Result run(AttentionKernel kernel, int64_t first, int64_t count) const {
    const auto rows = static_cast<size_t>(count * group);
    std::vector<float> scores(rows * kKvBlock);
    Result out{std::vector<float>(rows * static_cast<size_t>(head_dim), NAN),
               std::vector<float>(rows, NAN), std::vector<float>(rows, NAN)};
    kernel({q.data() + first * group * head_dim, group * head_dim,
            as_cached(blocks, narrow_keys, q8_keys), as_cached(values, narrow_values, q8_values),
            visible.data() + first, count, group, head_dim, 0.125F, scores.data(), out.a.data(),
            out.tops.data(), out.sums.data()});
    return out;
  }

  double want(int64_t row, int64_t d) const {
    const Visible& here = visible[static_cast<size_t>(row / group)];
    double sum = 0, weighted = 0;
    for (int64_t i = here.begin; i < here.end; ++i) {
      double dot = 0;
      for (int64_t k = 0; k < head_dim; ++k)
        dot += double{q[static_cast<size_t>(row * head_dim + k)]} *
               double{keys[static_cast<size_t>(i * head_dim + k)]};
      const double weight = std::exp(dot * 0.125);
      sum += weight;
      weighted += weight * double{values[static_cast<size_t>(i * head_dim + d)]};
    }
    return weighted / sum;
  }
};

template <class T>
bool same_bits(const std::vector<T>& all, size_t from, const std::vector<T>& part) {
  return std::memcmp(all.data() + from, part.data(), part.size() * sizeof(T)) == 0;
}

}  // namespace

void check_attention(const Cell& cell, AttentionKernel kernel) {
  const std::vector<std::vector<Visible>> cases{
      {{0, 1}},
      {{0, 2}, {0, 3}},
      {{0, 15}},
      {{3, 17}, {4, 18}, {5, 19}},  // a window
      {{0, 100}, {0, 101}, {0, 102}, {0, 103}, {0, 104}},
      {{0, 128}, {0, 128}, {0, 128}, {0, 128}, {0, 128}, {0, 128}, {0, 128}, {0, 128}},
      {{0, 5}, {90, 128}, {127, 128}},  // nothing in common
  };
  for (const int64_t head_dim : {4, 16, 63, 64, 80, 128})
    for (const std::vector<Visible>& visible : cases)
      for (const int64_t group : {1, 3, 7}) {
        const AttentionCase data(head_dim, visible, group, cell.format);
        const AttentionCase::Result all = data.run(kernel, 0, data.tokens);
        for (int64_t row = 0; row < data.tokens * group; ++row)
          for (int64_t d = 0; d < head_dim; ++d)
            ASSERT_NEAR(
                all.a[static_cast<size_t>(row * head_dim + d)] / all.sums[static_cast<size_t>(row)],
                data.want(row, d), 2e-5)
                << "width " << head_dim << ", " << data.tokens << " tokens, row " << row;
        for (int64_t t = 0; t < data.tokens; ++t) {
          const AttentionCase::Result alone = data.run(kernel, t, 1);
          const auto row = static_cast<size_t>(t * group);
          ASSERT_TRUE(same_bits(all.a, row * static_cast<size_t>(head_dim), alone.a) &&
                      same_bits(all.tops, row, alone.tops) && same_bits(all.sums, row, alone.sums))
              << "width " << head_dim << ", token " << t << " of " << data.tokens;
        }
      }
}

}  // namespace nety::kernels
