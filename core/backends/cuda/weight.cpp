// Weights: made by the mode's own functions where the file has another, so that a mode means the
// same here as everywhere; then copied row by row to where kernels want rows to begin.
#include "core/backends/cuda/weight.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <exception>
#include <mutex>
#include <vector>

#include "core/base/error.h"
#include "core/precision/codebooks.h"
#include "core/precision/compute.h"

namespace nety::cuda {
namespace {

using precision::MatrixView;
using precision::ModeFunctions;
using precision::ModeId;
using precision::ModeKind;

/// Weights converted at a time by one thread: enough to amortise, little enough for its cache.
constexpr int64_t kChunkWeights = int64_t{1} << 16;
constexpr int64_t kRowAlignment = 16;

bool is_power_of_two(int32_t value) {
  return value > 0 && std::has_single_bit(static_cast<uint32_t>(value));
}
int32_t shift_of(int32_t value) { return std::countr_zero(static_cast<uint32_t>(value)); }

/// Whether 32 weights from a multiple of 32 on always lie in one row and one block.
bool is_regular_four_bit(const MatrixView& view) {
  constexpr int32_t kPiece = 32;
  const bool nested_fits = view.nested_codes == nullptr || is_power_of_two(view.nested_block);
  return view.cols % kPiece == 0 && view.block >= kPiece && is_power_of_two(view.block) &&
         nested_fits;
}

/// The source's weights in another mode.
precision::Matrix converted(const MatrixView& source, ModeId target, ThreadPool& pool) {
  const precision::Mode& mode = precision::mode(target);
  const ModeFunctions& to = *mode.functions;
  const ModeFunctions& from = *precision::mode(source.mode).functions;
  if (to.allocate == nullptr || to.quantise == nullptr)
    throw Error(ErrorKind::kUsage,
                fmt::format("mode {} can be run as stored, not made at load", mode.name),
                fmt::format("Modes for --mode: {}.", precision::selectable_mode_names()));
  precision::Matrix matrix = to.allocate(source.rows, source.cols);
  const int64_t grain = std::max<int64_t>(1, to.row_grain(source.cols));
  const int64_t wanted = std::max<int64_t>(1, kChunkWeights / std::max<int64_t>(1, source.cols));
  const int64_t step = (wanted + grain - 1) / grain * grain;
  std::exception_ptr failure;
  std::mutex mutex;
  pool.run([&](int worker, int workers) {
    try {
      const Share share = share_of(source.rows, worker, workers, grain);
      std::vector<float> rows(static_cast<size_t>(step * source.cols));
      for (int64_t first = share.begin; first < share.end; first += step) {
        const int64_t last = std::min(first + step, share.end);
        for (int64_t row = first; row < last; ++row)
          from.dequantise(source, row, rows.data() + (row - first) * source.cols);
        to.quantise(rows.data(), first, last, matrix);
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
    }
  });
  if (failure) std::rethrow_exception(failure);
  if (to.finish != nullptr) to.finish(matrix);
  return matrix;
}

/// The mode whose layout the device gets.
ModeId layout_mode(Format format, ModeId mode) {
  switch (format) {
    case Format::kFp32:
      return ModeId::fp32;
    case Format::kBf16:
      return ModeId::bf16;
    case Format::kFp16:
      return ModeId::fp16;
    default:
      return mode;
  }
}

int64_t row_bytes(Format format, int64_t cols) {
  switch (format) {
    case Format::kFp32:
      return 4 * cols;
    case Format::kBf16:
    case Format::kFp16:
      return 2 * cols;
    case Format::kInt8:
      return cols;
    default:
      return cols / 2;
  }
}

bool is_four_bit(Format format) {
  return format == Format::kFourBit || format == Format::kFourBitBf16;
}

/// Copies parts of a weight and keeps what holds them.
class Uploader {
 public:
  Uploader(Device& device, std::string what) : device_(device), what_(std::move(what)) {}

  template <class T>
  const T* list(const T* values, int64_t count) {
    const size_t bytes = static_cast<size_t>(count) * sizeof(T);
    Buffer& buffer = storage_.emplace_back(device_.allocate(bytes, what_));
    if (bytes > 0) device_.upload(buffer.as<void>(), bytes, values, bytes, bytes, 1);
    return buffer.as<const T>();
  }

  const void* rows(const MatrixView& view, int64_t width, int64_t pitch) {
    Buffer& buffer =
        storage_.emplace_back(device_.allocate(static_cast<uint64_t>(view.rows * pitch), what_));
    if (pitch != width) device_.clear(buffer.as<void>(), buffer.bytes());
    device_.upload(buffer.as<void>(), static_cast<size_t>(pitch), view.codes,
                   static_cast<size_t>(width), static_cast<size_t>(width),
                   static_cast<size_t>(view.rows));
    return buffer.as<void>();
  }

  std::vector<Buffer> take() { return std::move(storage_); }

 private:
  Device& device_;
  std::string what_;
  std::vector<Buffer> storage_;
};

void upload_scales(const MatrixView& view, Uploader& uploader, Matrix& matrix) {
  if (matrix.format == Format::kInt8) {
    matrix.scales = uploader.list(view.scales, view.rows);
    return;
  }
  if (!is_four_bit(matrix.format)) return;
  const bool nf4 = view.mode == ModeId::nf4 || view.mode == ModeId::nf4_dq;
  matrix.book = uploader.list(nf4 ? precision::kNf4.data() : precision::kFp4.data(), 16);
  matrix.block_shift = shift_of(view.block);
  const int64_t blocks = (view.rows * view.cols + view.block - 1) / view.block;
  if (view.nested_codes == nullptr) {
    matrix.scales = uploader.list(view.scales, blocks);
    return;
  }
  matrix.nested_shift = shift_of(view.nested_block);
  matrix.scales = uploader.list(view.scales, (blocks + view.nested_block - 1) / view.nested_block);
  matrix.nested_codes = uploader.list(view.nested_codes, blocks);
  matrix.nested_map = uploader.list(view.nested_map, 256);
  matrix.nested_offset = view.nested_offset;
}

}  // namespace

uint64_t CudaWeight::owned_bytes() const {
  uint64_t bytes = 0;
  for (const Buffer& buffer : storage_) bytes += buffer.bytes();
  return bytes;
}

Format format_on_device(const MatrixView& stored, model::Compute compute) {
  const precision::Mode& mode = precision::mode(stored.mode);
  if (stored.mode == ModeId::fp32) return Format::kFp32;
  if (stored.mode == ModeId::bf16) return Format::kBf16;
  if (stored.mode == ModeId::fp16 || mode.kind == ModeKind::kStored) return Format::kFp16;
  if (stored.mode == ModeId::int8) return Format::kInt8;
  const bool rounded = compute == model::Compute::kBf16 && precision::takes_compute(mode);
  if (!is_regular_four_bit(stored)) return rounded ? Format::kBf16 : Format::kFp32;
  return rounded ? Format::kFourBitBf16 : Format::kFourBit;
}

std::unique_ptr<CudaWeight> upload_weight(Device& device, const MatrixView& source, ModeId mode,
                                          model::Compute compute, ThreadPool& pool) {
  precision::Matrix made, laid_out;
  MatrixView view = source;
  if (source.mode != mode) {
    made = converted(source, mode, pool);
    view = made.view;
  }
  const Format format = format_on_device(view, compute);
  if (layout_mode(format, mode) != mode) {
    laid_out = converted(view, layout_mode(format, mode), pool);
    view = laid_out.view;
  }
  const int64_t width = row_bytes(format, view.cols);
  Matrix matrix{};
  matrix.format = format;
  matrix.rows = static_cast<int32_t>(view.rows);
  matrix.cols = static_cast<int32_t>(view.cols);
  matrix.pitch = (width + kRowAlignment - 1) / kRowAlignment * kRowAlignment;
  Uploader uploader(device, fmt::format("a weight [{}, {}] in {}", view.rows, view.cols,
                                        precision::mode(mode).name));
  matrix.codes = uploader.rows(view, width, matrix.pitch);
  upload_scales(view, uploader, matrix);
  return std::make_unique<CudaWeight>(mode, matrix, uploader.take());
}

}  // namespace nety::cuda
