// Finds a tensor by name and makes a matrix of it that kernels can use, in place where possible.
#include <fmt/core.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "core/base/half.h"
#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/inspector.h"
#include "core/checkpoint/owned_arrays.h"
#include "core/checkpoint/refuse.h"
#include "core/checkpoint/safetensors.h"
#include "core/checkpoint/stacked_tensors.h"
#include "core/checkpoint/tensors.h"

namespace nety::checkpoint {
namespace {

using precision::MatrixView;

bool adds_one(const Tensor& tensor, Format format) {
  return tensor.less_one && format == Format::kHuggingFace;
}

/// The vector in fp32 with 1 added, as Gemma's norms do in every forward pass.
MatrixView plus_one(const MatrixView& view, const std::string& key, OwnedArrays& owned) {
  const size_t bytes = static_cast<size_t>(view.cols) * sizeof(float);
  const std::byte* made = owned.get(key + " plus one", bytes, [&](std::byte* out) {
    auto* values = reinterpret_cast<float*>(out);
    precision::mode(view.mode).functions->dequantise(view, 0, values);
    for (int64_t i = 0; i < view.cols; ++i) values[i] += 1.0F;
  });
  return {.mode = precision::ModeId::fp32, .rows = 1, .cols = view.cols, .codes = made};
}

bool is_aligned(const std::byte* data, size_t to) {
  return reinterpret_cast<uintptr_t>(data) % to == 0;
}

uint16_t half_at(std::span<const std::byte> data, size_t index) {
  uint16_t bits = 0;
  std::memcpy(&bits, data.data() + index * sizeof bits, sizeof bits);
  return bits;
}

/// `data` itself, or an aligned copy of it.
const std::byte* aligned(std::span<const std::byte> data, size_t to, const std::string& key,
                         OwnedArrays& owned) {
  if (is_aligned(data.data(), to)) return data.data();
  return owned.get(key, data.size(),
                   [&](std::byte* out) { std::memcpy(out, data.data(), data.size()); });
}

/// A value that is no number would choose experts by chance. Error: kCheckpoint.
void check_router(const MatrixView& view, const Tensor& tensor, const std::filesystem::path& file) {
  std::vector<float> row(static_cast<size_t>(view.cols));
  for (int64_t r = 0; r < view.rows; ++r) {
    precision::mode(view.mode).functions->dequantise(view, r, row.data());
    for (int64_t c = 0; c < view.cols; ++c)
      if (const float value = row[static_cast<size_t>(c)]; !std::isfinite(value))
        refuse(file, fmt::format("tensor {}, which chooses experts, has the value {} in row {}, "
                                 "column {}",
                                 shown(tensor.stored_name), value, r, c));
  }
}

/// 16-bit scales as floats; transposed ones are [cols / block, rows] and become [rows, cols /
/// block].
const float* widened(const SideTensors& sides, int64_t rows, const std::string& key,
                     OwnedArrays& owned) {
  const size_t count = sides.scales.size() / sizeof(uint16_t);
  const std::byte* made = owned.get(key, count * sizeof(float), [&](std::byte* out) {
    auto* values = reinterpret_cast<float*>(out);
    const bool transposed = sides.form == ScaleForm::kBrainTransposed;
    const size_t outer = transposed ? static_cast<size_t>(rows) : 1;
    const size_t inner = count / outer;
    for (size_t r = 0; r < outer; ++r)
      for (size_t b = 0; b < inner; ++b) {
        const uint16_t bits = half_at(sides.scales, b * outer + r);
        values[r * inner + b] =
            sides.form == ScaleForm::kHalf ? float_from_fp16(bits) : float_from_bf16(bits);
      }
  });
  return reinterpret_cast<const float*>(made);
}

void add_sides(const SideTensors& sides, const std::string& name, OwnedArrays& owned,
               MatrixView& view) {
  if (!sides.exponents.empty()) {
    view.exponents = reinterpret_cast<const uint8_t*>(sides.exponents.data());
    view.row_step = sides.row_step;
    return;
  }
  const auto floats = [&](std::span<const std::byte> data, const char* what) {
    return reinterpret_cast<const float*>(aligned(data, alignof(float), name + what, owned));
  };
  view.scales = sides.form == ScaleForm::kFloat
                    ? floats(sides.scales, " scales")
                    : widened(sides, view.rows, name + " scales", owned);
  view.block = sides.block;
  view.block_rows = sides.block_rows;
  if (sides.nested_codes.empty()) return;
  view.nested_codes = reinterpret_cast<const uint8_t*>(sides.nested_codes.data());
  view.nested_map = floats(sides.nested_map, " map");
  view.nested_offset = sides.nested_offset;
  view.nested_block = sides.nested_block;
}

}  // namespace

size_t element_alignment(const Tensor& tensor) {
  if (!tensor.mode || precision::mode(*tensor.mode).kind != precision::ModeKind::kFloat) return 1;
  return static_cast<size_t>(safetensors_bits(tensor.dtype) / 8);
}

std::string Checkpoint::resolved(std::string_view name) const {
  const bool shared = config_.tied_embeddings && name == name_of(config_, Slot::output);
  return shared ? name_of(config_, Slot::embedding) : std::string(name);
}

MatrixView Checkpoint::unchecked_matrix(std::string_view name) const {
  const Tensor& tensor = at(resolved(name));
  if (!tensor.mode || tensor.shape.empty() || tensor.shape.size() > 2)
    refuse(files_[tensor.file].path(),
           fmt::format("tensor {} ({} {}) cannot be used as a matrix", shown(tensor.stored_name),
                       tensor.dtype, shape_text(tensor.shape)));
  MatrixView view;
  view.mode = *tensor.mode;
  view.rows = tensor.shape.size() == 2 ? tensor.shape[0] : 1;
  view.cols = tensor.shape.back();
  view.codes = tensor.is_scattered()
                   ? owned_->get(tensor.name, tensor.bytes(),
                                 [&](std::byte* out) { gather_elements(tensor, out); })
                   : aligned(tensor.data, element_alignment(tensor), tensor.name, *owned_);
  const auto sides = sides_.find(tensor.name);
  if (sides != sides_.end()) add_sides(sides->second, tensor.name, *owned_, view);
  return view;
}

MatrixView Checkpoint::matrix(std::string_view name) const {
  const MatrixView view = unchecked_matrix(name);
  const Tensor& tensor = at(resolved(name));
  if (view.scales != nullptr) check_scales(view, tensor.stored_name, files_[tensor.file].path());
  if (tensor.slot == Slot::router || tensor.slot == Slot::router_bias)
    check_router(view, tensor, files_[tensor.file].path());
  if (adds_one(tensor, format_)) return plus_one(view, tensor.name, *owned_);
  return view;
}

void Checkpoint::forget(std::string_view name) const {
  if (const Tensor& tensor = at(resolved(name)); tensor.is_scattered()) owned_->drop(tensor.name);
}

uint64_t Checkpoint::copied_bytes() const {
  uint64_t bytes = 0;
  for (const Tensor& tensor : tensors_)
    if (!tensor.is_scattered() && !is_aligned(tensor.data.data(), element_alignment(tensor)))
      bytes += tensor.data.size();
  for (const Tensor& tensor : tensors_)
    if (adds_one(tensor, format_))
      bytes += static_cast<uint64_t>(tensor.elements()) * sizeof(float);
  for (const auto& entry : sides_) {
    const SideTensors& sides = entry.second;
    if (sides.form != ScaleForm::kFloat)
      bytes += sides.scales.size() * 2;
    else if (!is_aligned(sides.scales.data(), alignof(float)))
      bytes += sides.scales.size();
    if (!is_aligned(sides.nested_map.data(), alignof(float))) bytes += sides.nested_map.size();
  }
  return bytes;
}

}  // namespace nety::checkpoint
