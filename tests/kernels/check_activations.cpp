// Checks of what is done to activations: rounding, silu, attention.
#include "tests/kernels/checks.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <tuple>

#include "core/base/half.h"

namespace nety::kernels {

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

namespace {

// Keys and values of a stretch, and queries of some tokens.
struct AttentionCase {
  int64_t head_dim, tokens, group;
  std::vector<Seen> seen;
  std::vector<float> q, keys, values;  // [tokens, group, head_dim], [positions, head_dim] twice
  std::vector<uint16_t> narrow_keys, narrow_values;
  std::vector<float> blocks;  // keys as a kernel takes them

  AttentionCase(int64_t width, std::vector<Seen> seen_by, int64_t heads, bool narrow)
      : head_dim(width),
        tokens(static_cast<int64_t>(seen_by.size())),
        group(heads),
        seen(std::move(seen_by)),
        q(random_floats(static_cast<size_t>(tokens * group * width), 8, 3.0F)),
        keys(random_floats(static_cast<size_t>(kAttentionStretch * width), 9, 3.0F)),
        values(random_floats(static_cast<size_t>(kAttentionStretch * width), 10)),
        blocks(keys.size()) {
    for (float* v : {keys.data(), values.data()})
      for (int64_t i = 0; narrow && i < kAttentionStretch * width; ++i)
        v[i] = float_from_bf16(bf16_from_float(v[i]));
    for (int64_t i = 0; i < kAttentionStretch; ++i)
      for (int64_t d = 0; d < width; ++d)
        blocks[static_cast<size_t>((i / kKeyBlock * width + d) * kKeyBlock + i % kKeyBlock)] =
            keys[static_cast<size_t>(i * width + d)];
    for (const float v : blocks) narrow_keys.push_back(bf16_from_float(v));
    for (const float v : values) narrow_values.push_back(bf16_from_float(v));
  }

  struct Result {
    std::vector<float> a, tops, sums;
  };
  // Of tokens [first, first + count).
  Result run(AttentionKernel kernel, bool narrow, int64_t first, int64_t count) const {
    const auto rows = static_cast<size_t>(count * group);
    std::vector<float> scores(rows * kAttentionStretch);
    Result out{std::vector<float>(rows * static_cast<size_t>(head_dim), NAN),
               std::vector<float>(rows, NAN), std::vector<float>(rows, NAN)};
    kernel({q.data() + first * group * head_dim, group * head_dim,
            narrow ? static_cast<const void*>(narrow_keys.data()) : blocks.data(),
            narrow ? static_cast<const void*>(narrow_values.data()) : values.data(),
            seen.data() + first, count, group, head_dim, 0.125F, scores.data(), out.a.data(),
            out.tops.data(), out.sums.data()});
    return out;
  }

  double want(int64_t row, int64_t d) const {
    const Seen& here = seen[static_cast<size_t>(row / group)];
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

void check_attention(AttentionKernel kernel, bool narrow) {
  const std::vector<std::vector<Seen>> cases{
      {{0, 1}},
      {{0, 2}, {0, 3}},
      {{0, 15}},
      {{3, 17}, {4, 18}, {5, 19}},  // a window
      {{0, 100}, {0, 101}, {0, 102}, {0, 103}, {0, 104}},
      {{0, 128}, {0, 128}, {0, 128}, {0, 128}, {0, 128}, {0, 128}, {0, 128}, {0, 128}},
      {{0, 5}, {90, 128}, {127, 128}},  // nothing in common
  };
  for (const int64_t head_dim : {4, 16, 63, 64, 80, 128})
    for (const std::vector<Seen>& seen : cases)
      for (const int64_t group : {1, 3, 7}) {
        const AttentionCase data(head_dim, seen, group, narrow);
        const AttentionCase::Result all = data.run(kernel, narrow, 0, data.tokens);
        for (int64_t row = 0; row < data.tokens * group; ++row)
          for (int64_t d = 0; d < head_dim; ++d)
            ASSERT_NEAR(
                all.a[static_cast<size_t>(row * head_dim + d)] / all.sums[static_cast<size_t>(row)],
                data.want(row, d), 2e-5)
                << "width " << head_dim << ", " << data.tokens << " tokens, row " << row;
        for (int64_t t = 0; t < data.tokens; ++t) {
          const AttentionCase::Result alone = data.run(kernel, narrow, t, 1);
          const auto row = static_cast<size_t>(t * group);
          ASSERT_TRUE(same_bits(all.a, row * static_cast<size_t>(head_dim), alone.a) &&
                      same_bits(all.tops, row, alone.tops) && same_bits(all.sums, row, alone.sums))
              << "width " << head_dim << ", token " << t << " of " << data.tokens;
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

}  // namespace nety::kernels
