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
