// Every mode on the native backend: products equal the mode's own reference, for one token and
// many.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "core/backends/native/linear.h"
#include "core/kernels/kernels.h"
#include "core/precision/compute.h"
#include "tests/kernels/isas.h"

namespace nety::native {
namespace {

class EveryMode : public testing::TestWithParam<precision::Mode> {};

std::vector<float> random_floats(size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> values(n);
  for (float& value : values) value = static_cast<float>(random()) / 2147483648.0F - 1.0F;
  return values;
}

// A matrix of the mode: quantised, or (GGUF formats) random bytes with scales that are small
// numbers.
precision::Matrix make_matrix(const precision::Mode& mode, int64_t rows, int64_t cols) {
  if (mode.functions->allocate != nullptr)
    return precision::quantise(mode.id, random_floats(static_cast<size_t>(rows * cols), 1).data(),
                               rows, cols);
  precision::Matrix matrix;
  std::mt19937 random(2);
  matrix.codes.resize(mode.functions->bytes(rows, cols));
  for (std::byte& byte : matrix.codes) byte = static_cast<std::byte>(random() & 0xff);
  const auto group = static_cast<size_t>(mode.functions->bytes(1, mode.functions->group));
  for (size_t i = 0; i < matrix.codes.size(); i += group)
    mode.functions->set_scale(&matrix.codes[i], 0.001F * static_cast<float>(random() % 100 + 1));
  matrix.view = {.mode = mode.id, .rows = rows, .cols = cols, .codes = matrix.codes.data()};
  return matrix;
}

TEST_P(EveryMode, MultipliesAsItsReferenceDoes) {
  const precision::Mode& mode = GetParam();
  const int64_t rows = 37, cols = 256 * 3, tokens = 5;
  const precision::Matrix matrix = make_matrix(mode, rows, cols);
  auto values = random_floats(static_cast<size_t>(tokens * cols), 3);
  values[7] = 9.5F;  // an outlier for LLM.int8()
  values[static_cast<size_t>(cols) + 300] = -7.0F;
  ThreadPool pool(2);
  Arena arena;
  for (const kernels::Isa isa : kernels::every_isa()) {
    if (!kernels::runs_here(isa)) continue;
    const Cells cells(isa);
    const auto weight = make_weight(matrix.view, mode.id, isa, pool, arena);
    Activations x;
    x.reserve(tokens, cols);
    x.set_cols(cols);
    for (int64_t t = 0; t < tokens; ++t) std::copy_n(values.begin() + t * cols, cols, x.row(t));
    for (int64_t t = 0; t < tokens; ++t) x.derive(t, {weight.get()}, cells);
    Scratch scratch;
    scratch.reserve(cols, rows, tokens);
    std::vector<float> all(static_cast<size_t>(tokens * rows)), want(static_cast<size_t>(rows));
    multiply_rows(*weight, x, tokens, 0, rows, {all.data(), rows}, cells, scratch);
    for (int64_t t = 0; t < tokens; ++t) {
      mode.functions->multiply(matrix.view, values.data() + t * cols, want.data(), 0, rows);
      double size = 0;
      for (const float value : want) size = std::max(size, std::fabs(double{value}));
      for (int64_t r = 0; r < rows; ++r)
        ASSERT_NEAR(all[static_cast<size_t>(t * rows + r)], want[static_cast<size_t>(r)],
                    2e-5 * size)
            << mode.name << " " << kernels::name_of(isa) << " token " << t << " row " << r;
    }
    // One token by itself has the same bits.
    Activations one;
    one.reserve(1, cols);
    one.set_cols(cols);
    std::copy_n(values.begin() + cols, cols, one.row(0));
    one.derive(0, {weight.get()}, cells);
    multiply_rows(*weight, one, 1, 0, rows, {want.data(), rows}, cells, scratch);
    for (int64_t r = 0; r < rows; ++r)
      EXPECT_EQ(want[static_cast<size_t>(r)], all[static_cast<size_t>(rows + r)])
          << mode.name << " " << kernels::name_of(isa) << " row " << r;
  }
}

TEST_P(EveryMode, RoundsBothSidesToBf16WhereComputeSaysSo) {
  const precision::Mode& mode = GetParam();
  const kernels::Isa isa = kernels::best_isa(machine::host());
  if (!precision::takes_compute(mode)) {
    EXPECT_EQ(&product_of(mode.id, isa, model::Compute::kBf16), &product_of(mode.id, isa));
    return;
  }
  const int64_t rows = 37, cols = 256 * 3 + 8, tokens = 2;
  const precision::Matrix codes = make_matrix(mode, rows, cols);
  std::vector<float> wide(static_cast<size_t>(rows * cols));
  for (int64_t r = 0; r < rows; ++r)
    mode.functions->dequantise(codes.view, r, wide.data() + r * cols);
  const precision::Matrix brain =
      precision::quantise(precision::ModeId::bf16, wide.data(), rows, cols);
  const auto values = random_floats(static_cast<size_t>(tokens * cols), 3);
  ThreadPool pool(2);
  Arena arena;
  const Cells cells(isa);
  const auto weight = make_weight(codes.view, mode.id, isa, pool, arena, model::Compute::kBf16);
  Activations x;
  x.reserve(tokens, cols);
  x.set_cols(cols);
  for (int64_t t = 0; t < tokens; ++t) std::copy_n(values.begin() + t * cols, cols, x.row(t));
  for (int64_t t = 0; t < tokens; ++t) x.derive(t, {weight.get()}, cells);
  Scratch scratch;
  scratch.reserve(cols, rows, tokens);
  std::vector<float> made(static_cast<size_t>(tokens * rows)), want(static_cast<size_t>(rows));
  multiply_rows(*weight, x, tokens, 0, rows, {made.data(), rows}, cells, scratch);
  for (int64_t t = 0; t < tokens; ++t) {
    precision::mode(precision::ModeId::bf16)
        .functions->multiply(brain.view, values.data() + t * cols, want.data(), 0, rows);
    for (int64_t r = 0; r < rows; ++r)
      ASSERT_NEAR(made[static_cast<size_t>(t * rows + r)], want[static_cast<size_t>(r)], 1e-4)
          << mode.name << " token " << t << " row " << r;
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, EveryMode,
                         testing::ValuesIn(precision::modes().begin(), precision::modes().end()),
                         [](const auto& one) { return kernels::format_of(one.param.id); });

}  // namespace
}  // namespace nety::native
