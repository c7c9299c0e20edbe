// The table of modes, expanded from modes.def.
#include "core/precision/mode.h"

#include <string>

namespace nety::precision {

#define NETY_MODE(symbol, ...) extern const ModeFunctions k_##symbol;
#include "core/precision/modes.def"
#undef NETY_MODE

namespace {

constexpr Mode kModes[] = {
#define NETY_MODE(symbol, name, title, kind, storage, activation, accumulation, head, bits, needs) \
  {ModeId::symbol, name, title, ModeKind::kind, storage,    activation,                            \
   accumulation,   head, bits,  needs,          &k_##symbol},
#include "core/precision/modes.def"
#undef NETY_MODE
};

std::string join_selectable() {
  std::string names;
  for (const Mode& mode : kModes) {
    if (mode.kind == ModeKind::kStored) continue;
    if (!names.empty()) names += ", ";
    names += mode.name;
  }
  return names;
}

}  // namespace

Matrix quantise(ModeId id, const float* weights, int64_t rows, int64_t cols) {
  const ModeFunctions& functions = *mode(id).functions;
  Matrix matrix = functions.allocate(rows, cols);
  functions.quantise(weights, 0, rows, matrix);
  if (functions.finish != nullptr) functions.finish(matrix);
  return matrix;
}

std::span<const Mode> modes() { return kModes; }

const Mode& mode(ModeId id) { return kModes[static_cast<size_t>(id)]; }

const Mode* find_mode(std::string_view name) {
  for (const Mode& candidate : kModes)
    if (candidate.name == name) return &candidate;
  return nullptr;
}

std::optional<ModeId> head_of(ModeId id) {
  const Mode* head = find_mode(mode(id).head);
  return head == nullptr ? std::nullopt : std::optional(head->id);
}

ModeId router_of(ModeId stored) {
  return mode(stored).kind == ModeKind::kFloat ? ModeId::fp32 : stored;
}

std::string_view selectable_mode_names() {
  static const std::string names = join_selectable();
  return names;
}

}  // namespace nety::precision
