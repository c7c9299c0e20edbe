// Rows are converted a few at a time, so that the floats in between stay in the cache.
#include "core/precision/conversion.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/throwing_run.h"

namespace nety::precision {
namespace {

constexpr int64_t kWeightsAtOnce = 16384;

const ModeFunctions& functions_to_make(const MatrixView& source, ModeId target) {
  const Mode& row = mode(target);
  if (row.functions->allocate == nullptr || row.functions->quantise == nullptr)
    throw Error(ErrorKind::kUsage,
                fmt::format("mode {} can be run as stored, not made at load", row.name),
                fmt::format("Modes for --mode: {}, stored.", selectable_mode_names()));
  if (source.cols % row.functions->group != 0)
    throw Error(ErrorKind::kUsage,
                fmt::format("a matrix of {} columns cannot be made {}, which has groups of {}",
                            source.cols, row.name, row.functions->group),
                "Choose another --mode.");
  return *row.functions;
}

}  // namespace

Conversion::Conversion(const MatrixView& source, ModeId target, RowQuantiser fast)
    : source_(source),
      from_(*mode(source.mode).functions),
      to_(functions_to_make(source, target)),
      fast_(std::move(fast)),
      in_place_(source.mode == ModeId::fp32 &&
                reinterpret_cast<uintptr_t>(source.codes) % alignof(float) == 0),
      matrix_(to_.allocate(source.rows, source.cols)) {}

int64_t Conversion::grain() const { return std::max<int64_t>(1, to_.row_grain(source_.cols)); }

void Conversion::quantise(int64_t first, int64_t last, float* buffer) {
  const float* weights = buffer;
  if (in_place_)
    weights = reinterpret_cast<const float*>(source_.codes) + first * source_.cols;
  else
    for (int64_t r = first; r < last; ++r) {
      float* const row = buffer + (r - first) * source_.cols;
      from_.dequantise(source_, r, row);
      check_blocks(source_, r, row);
    }
  if (fast_ == nullptr || !fast_(weights, first, last, matrix_))
    to_.quantise(weights, first, last, matrix_);
}

void Conversion::rows(int64_t first, int64_t last) {
  const int64_t step =
      std::max<int64_t>(1, kWeightsAtOnce / std::max<int64_t>(1, grain() * source_.cols)) * grain();
  std::vector<float> buffer(in_place_ ? 0 : static_cast<size_t>(step * source_.cols));
  for (; first < last; first += step) quantise(first, std::min(first + step, last), buffer.data());
}

Matrix Conversion::take() {
  if (to_.finish != nullptr) to_.finish(matrix_);
  return std::move(matrix_);
}

void check_blocks(const MatrixView& matrix, int64_t row, const float* values) {
  if (mode(matrix.mode).kind != ModeKind::kStored || matrix.mode == ModeId::fp8) return;
  const float* const end = values + matrix.cols;
  const float* const bad =
      std::find_if(values, end, [](float value) { return !std::isfinite(value); });
  if (bad == end) return;
  throw Error(ErrorKind::kCheckpoint,
              fmt::format("row {}, column {}: the scale or minimum of this {} block is no finite "
                          "number",
                          row, bad - values, mode(matrix.mode).name),
              "The file is damaged: download or convert it again.");
}

Matrix convert(const MatrixView& source, ModeId target, ThreadPool& pool, RowQuantiser fast) {
  Conversion conversion(source, target, std::move(fast));
  throwing_run(pool, [&](int worker, int workers) {
    const Share share = share_of(conversion.row_count(), worker, workers, conversion.grain());
    conversion.rows(share.begin, share.end);
  });
  return conversion.take();
}

}  // namespace nety::precision
