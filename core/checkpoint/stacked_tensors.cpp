// An expert's matrix is a run of rows of a stack, or every so manieth element of one.
#include "core/checkpoint/stacked_tensors.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <unordered_map>
#include <utility>

#include "core/checkpoint/refuse.h"
#include "core/checkpoint/safetensors.h"
#include "core/precision/activation.h"

namespace nety::checkpoint {
namespace {

struct Piece {
  const TensorInfo* info;
  const StackedPlace* place;
};
using Pieces = std::unordered_map<std::string_view, std::vector<Piece>>;

Pieces pieces_of(std::span<const TensorInfo> infos) {
  Pieces pieces;
  for (const TensorInfo& info : infos)
    for (const StackedPlace& place : info.stacks) pieces[place.name].push_back({&info, &place});
  return pieces;
}

/// MXFP4 of a directory, whose exponents lie apart, has the matrices of turned stacks unturned:
/// blocks must lie along the columns.
bool is_unturned(const Tensor& stack, const StackedPlace& place) {
  return stack.mode == precision::ModeId::mxfp4 && place.column > 1;
}

void check_shape(const Builder& builder, const Tensor& stack, const StackedPlace& place) {
  std::vector<int64_t> shape = place.shape;
  if (is_unturned(stack, place)) std::swap(shape[1], shape[2]);
  if (stack.shape == shape) return;
  refuse(builder.files[stack.file].path(),
         fmt::format("tensor {} has the shape {}; the configuration asks for {}",
                     shown(stack.stored_name), shape_text(stack.shape), shape_text(shape)),
         "The weights and the configuration do not belong together: download both again.");
}

/// Rows that lie one after the other, as blocks of weights must.
std::span<const std::byte> run_of_rows(const Tensor& stack, const Piece& piece) {
  const int64_t cols = piece.info->cols();
  const size_t row_bytes = stack.data.size() / static_cast<size_t>(stack.elements() / cols);
  return stack.data.subspan(static_cast<size_t>(piece.place->first / cols) * row_bytes,
                            static_cast<size_t>(piece.info->rows()) * row_bytes);
}

/// Every so manieth row of an unturned stack; the rows between are other tensors'.
void take_mxfp4_rows(Builder& builder, const Tensor& stack, const Piece& piece, Tensor& part) {
  const StackedPlace& place = *piece.place;
  const int64_t across = place.shape[2], matrix = place.shape[1] * across;
  const int64_t row = place.first / matrix * across + place.first % matrix;
  const int64_t span = (piece.info->rows() - 1) * place.row + 1;
  const std::span<const std::byte> exponents = builder.sides.at(stack.name).exponents;
  const auto rows_of = [&](std::span<const std::byte> data) {
    const auto bytes = data.size() / static_cast<size_t>(stack.shape[0] * across);
    return data.subspan(static_cast<size_t>(row) * bytes, static_cast<size_t>(span) * bytes);
  };
  const SideTensors sides{.exponents = rows_of(exponents),
                          .row_step = static_cast<int32_t>(place.row)};
  part.data = rows_of(stack.data);
  part.mode = stack.mode;
  part.row_step = place.row;
  part.side_bytes =
      static_cast<size_t>(piece.info->rows() * piece.info->cols() / precision::kBlock);
  builder.sides.insert_or_assign(part.name, sides);
}

Tensor part_of(Builder& builder, const Tensor& stack, const Piece& piece) {
  const StackedPlace& place = *piece.place;
  const int64_t rows = piece.info->rows(), cols = piece.info->cols();
  Tensor part;
  part.name = piece.info->name;
  part.stored_name = stack.stored_name;
  part.dtype = stack.dtype;
  part.shape = piece.info->shape;
  part.file = stack.file;
  part.slot = piece.info->slot;
  if (is_unturned(stack, place)) {
    take_mxfp4_rows(builder, stack, piece, part);
    return part;
  }
  if (place.column == 1 && (rows == 1 || place.row == cols)) {
    part.data = run_of_rows(stack, piece);
    return part;
  }
  const int64_t bits = builder.format == Format::kHuggingFace ? safetensors_bits(stack.dtype) : 0;
  if (bits == 0 || bits % 8 != 0)
    refuse(
        builder.files[stack.file].path(),
        fmt::format("tensor {} has the unsupported type {}", shown(stack.stored_name), stack.dtype),
        "Supported are F32, F16 and BF16.");
  part.row_step = place.row;
  part.column_step = place.column;
  const int64_t last = (rows - 1) * place.row + (cols - 1) * place.column;
  part.data = stack.data.subspan(static_cast<size_t>(place.first * bits / 8),
                                 static_cast<size_t>((last + 1) * bits / 8));
  return part;
}

}  // namespace

void split_stacks(Builder& builder, std::span<const TensorInfo> infos) {
  const Pieces pieces = pieces_of(infos);
  if (pieces.empty()) return;
  std::vector<Tensor> tensors;
  tensors.reserve(builder.tensors.size());
  for (Tensor& tensor : builder.tensors) {
    const auto found = pieces.find(tensor.name);
    if (found == pieces.end()) {
      tensors.push_back(std::move(tensor));
      continue;
    }
    check_shape(builder, tensor, *found->second.front().place);
    for (const Piece& piece : found->second) tensors.push_back(part_of(builder, tensor, piece));
    builder.sides.erase(tensor.name);  // the parts have theirs
  }
  builder.tensors = std::move(tensors);
}

std::string usual_name(const TensorInfo& info, Format format) {
  if (format == Format::kHuggingFace) return info.stacked ? info.stacks.front().name : info.name;
  return info.expert >= 0 && !info.stacks.empty() ? info.stacks.back().name : info.gguf_name;
}

void gather_elements(const Tensor& tensor, std::byte* to) {
  const auto rows = tensor.shape.size() > 1 ? static_cast<size_t>(tensor.shape.front()) : 1;
  const auto cols = static_cast<size_t>(tensor.shape.back());
  const auto size = static_cast<size_t>(safetensors_bits(tensor.dtype) / 8);
  const auto row_bytes = static_cast<size_t>(tensor.row_step) * size;
  const auto column_bytes = static_cast<size_t>(tensor.column_step) * size;
  const auto copy = [&](auto element) {
    using Element = decltype(element);
    for (size_t r = 0; r < rows; ++r)
      for (size_t c = 0; c < cols; ++c)
        std::memcpy(to + (r * cols + c) * sizeof(Element),
                    tensor.data.data() + r * row_bytes + c * column_bytes, sizeof(Element));
  };
  if (size == sizeof(uint32_t)) return copy(uint32_t{});
  if (size == sizeof(uint16_t)) return copy(uint16_t{});
  copy(uint8_t{});
}

}  // namespace nety::checkpoint
