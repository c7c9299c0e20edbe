// Parts of matrices have the weights of the whole, in every mode that floats can be brought into.
#include "core/precision/slice.h"

#include <gtest/gtest.h>

#include <vector>

#include "core/base/error.h"

namespace nety::precision {
namespace {

constexpr int64_t kRows = 1024, kCols = 64;

std::vector<float> row_of(const MatrixView& matrix, int64_t row) {
  std::vector<float> values(static_cast<size_t>(matrix.cols));
  mode(matrix.mode).functions->dequantise(matrix, row, values.data());
  return values;
}

Matrix numbers(ModeId id) {
  std::vector<float> values(static_cast<size_t>(kRows * kCols));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = 0.01F * static_cast<float>(i * 7919 % 201) - 1;
  return quantise(id, values.data(), kRows, kCols);
}

TEST(RowsOfAMatrix, HaveTheSameWeights) {
  for (const Mode& one : modes()) {
    if (one.functions->allocate == nullptr) continue;
    const Matrix whole = numbers(one.id);
    const MatrixView part = rows_of(whole.view, 256, 3);
    EXPECT_EQ(part.rows, 3);
    for (int64_t row = 0; row < part.rows; ++row)
      EXPECT_EQ(row_of(part, row), row_of(whole.view, 256 + row)) << one.name << ", row " << row;
  }
}

TEST(RowsOfAMatrix, AreRefusedWhereABlockWouldBeCut) {
  const Matrix nested = numbers(ModeId::nf4_dq);
  EXPECT_THROW(rows_of(nested.view, 3, 1), Error);
  const std::vector<float> values(3 * 32, 1.0F);
  const Matrix crossing = quantise(ModeId::nf4, values.data(), 3, 32);  // blocks of two rows
  EXPECT_THROW(rows_of(crossing.view, 1, 2), Error);
  EXPECT_EQ(rows_of(crossing.view, 2, 1).rows, 1);
}

TEST(ColumnsOfAMatrix, HaveTheSameWeights) {
  for (const Mode& one : modes()) {
    if (one.functions->allocate == nullptr || one.functions->group > 32) continue;
    const Matrix whole = numbers(one.id);
    if (whole.view.block > 0) {
      EXPECT_THROW(columns_of(whole.view, 32, 32), Error) << one.name;
      continue;
    }
    const Matrix part = columns_of(whole.view, 32, 32);
    for (const int64_t row : {int64_t{0}, int64_t{5}, kRows - 1}) {
      const std::vector<float> all = row_of(whole.view, row);
      EXPECT_EQ(row_of(part.view, row), std::vector<float>(all.begin() + 32, all.end()))
          << one.name << ", row " << row;
    }
  }
}

}  // namespace
}  // namespace nety::precision
