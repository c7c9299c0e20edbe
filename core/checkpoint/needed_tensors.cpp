// Which of the architecture's tensors a file has, and whether they are what it asks for.
#include <fmt/core.h>

#include <algorithm>
#include <unordered_map>

#include "core/checkpoint/builder.h"
#include "core/checkpoint/refuse.h"
#include "core/checkpoint/stacked_tensors.h"
#include "core/checkpoint/tensors.h"

namespace nety::checkpoint {
namespace {

std::string shown_name(const Builder& builder, const TensorInfo& info) {
  return shown(usual_name(info, builder.format));
}

std::string supported_types() {
  std::string names = "F32, F16, BF16";
  for (const precision::Mode& mode : precision::modes()) {
    if (mode.kind != precision::ModeKind::kStored) continue;
    names += ", ";
    for (const char c : mode.name) names += static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  }
  return names;
}

void check_tensor(const Builder& builder, const Tensor& tensor, const TensorInfo& info) {
  const std::filesystem::path& file = builder.files[tensor.file].path();
  if (tensor.shape != info.stored_shape())
    refuse(file,
           fmt::format("tensor {} has the shape {}; the configuration asks for {}",
                       shown(tensor.stored_name), shape_text(tensor.shape),
                       shape_text(info.stored_shape())),
           "The weights and the configuration do not belong together: download both again.");
  const bool vector = is_vector(info.role());
  const bool usable =
      tensor.mode && (!vector || precision::mode(*tensor.mode).kind == precision::ModeKind::kFloat);
  if (!usable)
    refuse(file,
           fmt::format("tensor {} has the unsupported type {}", shown(tensor.stored_name),
                       tensor.dtype),
           vector ? "Vectors must be F32, F16 or BF16: convert the model again."
                  : "Use a file of another type; supported are " + supported_types() + ".");
}

[[noreturn]] void refuse_missing(const Builder& builder,
                                 const std::vector<const TensorInfo*>& missing, size_t needed) {
  const std::string first = shown_name(builder, *missing[0]);
  const bool only_head = missing.size() == 1 && missing[0]->slot == Slot::output;
  refuse(builder.path,
         missing.size() == 1 ? fmt::format("tensor {} is missing", first)
                             : fmt::format("{} of {} tensors are missing, the first is {}",
                                           missing.size(), needed, first),
         only_head ? "If the model shares its embedding, config.json needs "
                     "\"tie_word_embeddings\": true; otherwise download the model again."
                   : "The model is incomplete, or config.json is another model's: download it "
                     "again.");
}

void drop_unused(Builder& builder) {
  const auto is_unused = [](const Tensor& tensor) { return !tensor.slot; };
  const auto first = std::find_if(builder.tensors.begin(), builder.tensors.end(), is_unused);
  if (first == builder.tensors.end()) return;
  const std::string name = shown(first->stored_name);
  const size_t before = builder.tensors.size();
  std::erase_if(builder.tensors, is_unused);
  const size_t dropped = before - builder.tensors.size();
  builder.notices.push_back(
      {"tensors_unused",
       dropped == 1
           ? fmt::format("Tensor {} is not part of this architecture; it is not used.", name)
           : fmt::format("{} tensors are not part of this architecture and are not used; "
                         "the first is {}.",
                         dropped, name)});
}

}  // namespace

void place_tensors(Builder& builder) {
  const std::vector<TensorInfo> infos = tensors_of(builder.config);
  split_stacks(builder, infos);
  std::unordered_map<std::string_view, const TensorInfo*> by_name;
  for (const TensorInfo& info : infos)
    by_name.emplace(builder.format == Format::kGguf ? info.gguf_name : info.name, &info);
  for (Tensor& tensor : builder.tensors) {
    const auto found = by_name.find(tensor.name);
    if (found == by_name.end()) continue;
    tensor.slot = found->second->slot;
    tensor.less_one = found->second->less_one;
    tensor.name = found->second->name;
  }
}

void check_tensors(Builder& builder) {
  std::unordered_map<std::string_view, Tensor*> by_name;
  for (Tensor& tensor : builder.tensors)
    if (!by_name.emplace(tensor.name, &tensor).second)
      refuse(builder.path, fmt::format("tensor {} occurs twice", shown(tensor.name)));
  const std::vector<TensorInfo> infos = tensors_of(builder.config);
  std::vector<const TensorInfo*> missing;
  for (const TensorInfo& info : infos) {
    const auto found = by_name.find(info.name);
    if (found == by_name.end()) {
      if (!info.optional) missing.push_back(&info);
      continue;
    }
    check_tensor(builder, *found->second, info);
    found->second->slot = info.slot;  // a GGUF may use transformers' names
    found->second->less_one = info.less_one;
  }
  if (!missing.empty()) refuse_missing(builder, missing, infos.size());
  drop_unused(builder);
}

}  // namespace nety::checkpoint
