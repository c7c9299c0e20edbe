// Weights: converted by the mode's own functions if the file has another mode, so that a mode means
// the same in every backend; then copied row by row, with the pitch that kernels want.
#include "core/backends/cuda/weight.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <vector>

#include "core/precision/codebooks.h"
#include "core/precision/compute.h"
#include "core/precision/conversion.h"

namespace nety::cuda {
namespace {

using precision::MatrixView;
using precision::ModeId;
using precision::ModeKind;

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

bool is_four_bit(Format format) {
  return format == Format::kFourBit || format == Format::kFourBitBf16;
}

/// Uploads the parts of a weight and keeps their buffers.
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
    made = precision::convert(source, mode, pool);
    view = made.view;
  }
  const Format format = format_on_device(view, compute);
  if (layout_mode(format, mode) != mode) {
    laid_out = precision::convert(view, layout_mode(format, mode), pool);
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
