// Lists of tensors from the rows of a family.
#include "core/checkpoint/tensors.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/checkpoint/family.h"

namespace nety::checkpoint {
namespace {

/// The name with the expert's number where it says so.
std::string numbered(std::string_view name, int64_t expert) {
  const size_t at = name.find("{}");
  if (at == std::string_view::npos) return std::string(name);
  return std::string(name.substr(0, at)) + std::to_string(expert) +
         std::string(name.substr(at + 2));
}

void add(const TensorRow& row, int64_t layer, int64_t expert, std::vector<TensorInfo>& list) {
  if (row.presence == Presence::kAbsent) return;
  const std::string number = layer < 0 ? "" : std::to_string(layer) + ".";
  const std::string before = layer < 0 ? "" : "model.layers." + number;
  const std::string gguf_before = layer < 0 ? "" : "blk." + number;
  TensorInfo& info = list.emplace_back();
  info.slot = row.slot;
  info.layer = layer;
  info.expert = expert;
  info.name = before + numbered(row.name, expert);
  info.gguf_name = gguf_before + numbered(row.gguf_name, expert);
  info.shape = row.shape;
  info.optional = row.presence == Presence::kOptional;
  info.first_row = row.first_row;
  info.stored_rows = row.stored_rows;
  info.stacked = row.stacked;
  for (const StackRow& stack : row.stacks)
    info.stacks.push_back({(stack.gguf ? gguf_before : before) + std::string(stack.name),
                           stack.shape, stack.first + std::max<int64_t>(expert, 0) * stack.expert,
                           stack.row, stack.column});
}

bool has(Layers layers, const LayerSpec& spec) {
  return layers == Layers::kAll || (layers == Layers::kMixtures) == spec.is_mixture();
}

void add_layer(std::span<const TensorRow> rows, int64_t layer, const LayerSpec& spec,
               std::vector<TensorInfo>& list) {
  for (auto row = rows.begin(); row != rows.end();) {
    if (!has(row->layers, spec)) {
      ++row;
      continue;
    }
    if (!row->of_experts) {
      add(*row++, layer, -1, list);
      continue;
    }
    const auto end =
        std::find_if(row, rows.end(), [](const TensorRow& other) { return !other.of_experts; });
    for (int64_t expert = 0; expert < spec.mixture.experts; ++expert)
      for (auto one = row; one != end; ++one) add(*one, layer, expert, list);
    row = end;
  }
}

}  // namespace

std::vector<TensorInfo> tensors_of(const ModelConfig& config) {
  return family_of(config).tensors(config);
}

std::string name_of(const ModelConfig& config, Slot slot) {
  ModelConfig bare = config;
  bare.layers = 0;
  bare.tied_embeddings = false;
  for (const TensorInfo& info : tensors_of(bare))
    if (info.slot == slot) return info.name;
  throw Error(ErrorKind::kInternal, "a slot of layers has no one name");
}

std::vector<TensorInfo> expand(std::span<const TensorRow> rows, const ModelConfig& config) {
  std::vector<TensorInfo> list;
  for (auto row = rows.begin(); row != rows.end();) {
    if (!is_of_layer(row->slot)) {
      add(*row++, -1, -1, list);
      continue;
    }
    const auto end = std::find_if(row, rows.end(),
                                  [](const TensorRow& other) { return !is_of_layer(other.slot); });
    for (int64_t layer = 0; layer < config.layers; ++layer)
      add_layer({row, end}, layer, config.spec(layer), list);
    row = end;
  }
  return list;
}

}  // namespace nety::checkpoint
