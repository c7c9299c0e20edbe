// Collects what opening a checkpoint finds in its headers (bitsandbytes.cpp), and checks values.
#include "core/checkpoint/inspector.h"

#include <fmt/core.h>

#include <cmath>

#include "core/base/error.h"
#include "core/base/rounding.h"
#include "core/checkpoint/bitsandbytes_hints.h"
#include "core/checkpoint/builder.h"
#include "core/checkpoint/refuse.h"

namespace nety::checkpoint {
namespace {

using precision::MatrixView;

struct BadScale {
  std::string_view array;
  int64_t index;
  float value;
};

/// The first value that is not finite (or, where `signed_too` is false, negative).
std::optional<BadScale> scan(std::string_view array, const float* values, int64_t count,
                             bool signed_too) {
  for (int64_t i = 0; i < count; ++i)
    if (!std::isfinite(values[i]) || (!signed_too && values[i] < 0))
      return BadScale{array, i, values[i]};
  return std::nullopt;
}

std::optional<BadScale> find_bad_scale(const MatrixView& matrix) {
  if (matrix.scales == nullptr) return std::nullopt;
  if (matrix.mode == precision::ModeId::fp8)
    return scan("scale", matrix.scales,
                divide_up(matrix.rows, matrix.block_rows) * divide_up(matrix.cols, matrix.block),
                false);
  if (matrix.mode == precision::ModeId::nvfp4) return scan("scale", matrix.scales, 1, false);
  if (matrix.block == 0) return scan("row scale", matrix.scales, matrix.rows, false);
  const int64_t blocks = divide_up(matrix.rows * matrix.cols, matrix.block);
  if (matrix.nested_codes == nullptr) return scan("absmax", matrix.scales, blocks, false);
  constexpr int64_t kMapSize = 256;
  if (const auto bad = scan("nested_quant_map value", matrix.nested_map, kMapSize, true))
    return bad;
  return scan("nested_absmax", matrix.scales, divide_up(blocks, matrix.nested_block), false);
}

std::string describe(const BadScale& bad, std::string_view name) {
  return fmt::format("{} {} of {} is {}; every scale must be finite and not negative", bad.array,
                     bad.index, shown(name), bad.value);
}

}  // namespace

std::vector<Issue> inspect(const std::filesystem::path& path) {
  Builder builder = read_checkpoint(path);
  std::vector<Issue> known = builder.issues.finish();
  if (!known.empty() && known.front().severity == Severity::kFatal) return known;
  try {
    check_tensors(builder);
  } catch (const Error& error) {
    known.insert(known.begin(),
                 Issue{"incomplete", Severity::kFatal, error.what(), error.hint(), {}});
  }
  return known;
}

std::vector<Issue> inspect_values(const Checkpoint& checkpoint) {
  IssueList issues;
  for (const Tensor& tensor : checkpoint.tensors()) {
    if (!tensor.mode || precision::mode(*tensor.mode).kind == precision::ModeKind::kFloat) continue;
    const MatrixView matrix = checkpoint.unchecked_matrix(tensor.name);
    if (const std::optional<BadScale> bad = find_bad_scale(matrix))
      issues.add("scales_not_finite", Severity::kFatal, tensor.name,
                 describe(*bad, tensor.stored_name), kHintScales);
  }
  return issues.finish();
}

void check_scales(const MatrixView& matrix, std::string_view name,
                  const std::filesystem::path& file) {
  if (const std::optional<BadScale> bad = find_bad_scale(matrix))
    refuse(file, describe(*bad, name), kHintScales);
}

}  // namespace nety::checkpoint
