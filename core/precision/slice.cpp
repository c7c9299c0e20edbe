#include "core/precision/slice.h"

#include <algorithm>
#include <string>

#include "core/base/error.h"
#include "core/base/rounding.h"
#include "core/precision/activation.h"

namespace nety::precision {
namespace {

[[noreturn]] void refuse(const MatrixView& matrix, const std::string& part) {
  throw Error(ErrorKind::kUsage,
              part + " of a matrix [" + std::to_string(matrix.rows) + ", " +
                  std::to_string(matrix.cols) + "] in " + std::string(mode(matrix.mode).name) +
                  " cannot be taken alone",
              "Share the model among fewer processes, or choose another --mode.");
}

void require(bool possible, const MatrixView& matrix, const char* what, int64_t first,
             int64_t count) {
  if (!possible)
    refuse(matrix, std::string(what) + " " + std::to_string(first) + " to " +
                       std::to_string(first + count));
}

bool has_blocks(const MatrixView& matrix) {  // of 4 bits
  return matrix.block > 0 && matrix.mode != ModeId::fp8;
}

/// fp8 and mxfp4, whose scales lie in rows of their own.
MatrixView rows_with_scales(const MatrixView& matrix, int64_t first, int64_t count) {
  MatrixView part = matrix;
  part.rows = count;
  if (matrix.mode == ModeId::mxfp4) {
    part.codes += first * matrix.row_step * matrix.cols / 2;
    part.exponents += first * matrix.row_step * matrix.cols / kBlock;
    return part;
  }
  part.codes += first * matrix.cols;
  const bool one_scale = matrix.block_rows >= matrix.rows;
  require(one_scale || first % matrix.block_rows == 0, matrix, "rows", first, count);
  const int64_t blocks = divide_up(matrix.cols, matrix.block);
  if (!one_scale) part.scales += first / matrix.block_rows * blocks;
  return part;
}

bool has_scale_rows(const MatrixView& matrix) {
  return matrix.exponents != nullptr || (matrix.mode == ModeId::fp8 && matrix.scales != nullptr);
}

}  // namespace

MatrixView rows_of(const MatrixView& matrix, int64_t first, int64_t count) {
  if (has_scale_rows(matrix)) return rows_with_scales(matrix, first, count);
  MatrixView part = matrix;
  part.rows = count;
  const int64_t weights = first * matrix.cols;
  if (!has_blocks(matrix)) {
    const bool scaled = matrix.mode == ModeId::int8;  // int8: one scale a row, beside the codes
    part.codes += scaled ? static_cast<uint64_t>(weights)
                         : mode(matrix.mode).functions->bytes(first, matrix.cols);
    if (scaled) part.scales += first;
    return part;
  }
  const int64_t blocks = weights / matrix.block;
  const bool nested = matrix.nested_codes != nullptr;
  require(weights % matrix.block == 0 && (!nested || blocks % matrix.nested_block == 0), matrix,
          "rows", first, count);
  part.codes += weights / 2;
  part.scales += nested ? blocks / matrix.nested_block : blocks;
  if (nested) part.nested_codes += blocks;
  return part;
}

Matrix columns_of(const MatrixView& matrix, int64_t first, int64_t count) {
  const ModeFunctions& functions = *mode(matrix.mode).functions;
  require(!has_blocks(matrix) && !has_scale_rows(matrix) && first % functions.group == 0 &&
              count % functions.group == 0,
          matrix, "columns", first, count);
  const bool scaled = matrix.mode == ModeId::int8;
  const auto bytes = [&](int64_t cols) {
    return static_cast<size_t>(scaled ? static_cast<uint64_t>(cols) : functions.bytes(1, cols));
  };
  const size_t stride = bytes(matrix.cols), width = bytes(count);
  Matrix part;
  part.codes.resize(static_cast<size_t>(matrix.rows) * width);
  for (size_t row = 0; row < static_cast<size_t>(matrix.rows); ++row)
    std::copy_n(matrix.codes + row * stride + bytes(first), width, part.codes.data() + row * width);
  if (scaled) part.scales.assign(matrix.scales, matrix.scales + matrix.rows);
  part.view = matrix;
  part.view.cols = count;
  part.view.codes = part.codes.data();
  part.view.scales = scaled ? part.scales.data() : matrix.scales;
  return part;
}

}  // namespace nety::precision
