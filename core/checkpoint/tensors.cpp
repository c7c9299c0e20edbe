// Lists of tensors from the rows of a family.
#include "core/checkpoint/tensors.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/checkpoint/family.h"

namespace nety::checkpoint {
namespace {

void add(const TensorRow& row, int64_t layer, std::vector<TensorInfo>& list) {
  if (row.presence == Presence::kAbsent) return;
  const std::string number = layer < 0 ? "" : std::to_string(layer) + ".";
  TensorInfo& info = list.emplace_back();
  info.slot = row.slot;
  info.layer = layer;
  info.name = (layer < 0 ? "" : "model.layers." + number) + std::string(row.name);
  info.gguf_name = (layer < 0 ? "" : "blk." + number) + std::string(row.gguf_name);
  info.shape = row.shape;
  info.optional = row.presence == Presence::kOptional;
  info.first_row = row.first_row;
  info.stored_rows = row.stored_rows;
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

std::vector<TensorInfo> expand(std::span<const TensorRow> rows, int64_t layers) {
  std::vector<TensorInfo> list;
  for (auto row = rows.begin(); row != rows.end();) {
    if (!is_of_layer(row->slot)) {
      add(*row++, -1, list);
      continue;
    }
    const auto end = std::find_if(row, rows.end(),
                                  [](const TensorRow& other) { return !is_of_layer(other.slot); });
    for (int64_t layer = 0; layer < layers; ++layer)
      for (auto one = row; one != end; ++one) add(*one, layer, list);
    row = end;
  }
  return list;
}

}  // namespace nety::checkpoint
