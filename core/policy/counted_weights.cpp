#include "core/policy/counted_weights.h"

#include <algorithm>
#include <tuple>

#include "core/checkpoint/tensors.h"

namespace nety::policy {
namespace {

using checkpoint::LayerSpec;
using checkpoint::ModelConfig;
using checkpoint::Slot;

/// Layers that are alike.
struct LayerKind {
  LayerSpec spec;
  int64_t layers = 0;
};

std::vector<LayerKind> kinds_of(const ModelConfig& config) {
  std::vector<LayerKind> kinds;
  for (int64_t l = 0; l < config.layers; ++l) {
    const auto same = std::ranges::find(kinds, config.spec(l), &LayerKind::spec);
    if (same == kinds.end())
      kinds.push_back({config.spec(l), 1});
    else
      ++same->layers;
  }
  return kinds;
}

/// One layer of each kind, and one expert where there are several.
ModelConfig reduced(const ModelConfig& config, const std::vector<LayerKind>& kinds) {
  ModelConfig few = config;
  few.layers = static_cast<int64_t>(kinds.size());
  few.specs.clear();
  for (const LayerKind& kind : kinds) {
    LayerSpec spec = kind.spec;
    if (spec.is_mixture()) spec.mixture.experts = spec.mixture.chosen = 1;
    few.specs.push_back(spec);
  }
  return few;
}

}  // namespace

std::vector<PlannedWeight> counted_weights_of(const ModelConfig& config) {
  const std::vector<LayerKind> kinds = kinds_of(config);
  std::vector<PlannedWeight> weights;
  for (const checkpoint::TensorInfo& info : checkpoint::tensors_of(reduced(config, kinds))) {
    PlannedWeight& weight = weights.emplace_back();
    weight.name = info.name;
    weight.rows = info.rows(), weight.cols = info.cols();
    weight.slot = info.slot;
    if (info.layer < 0) continue;
    const LayerKind& kind = kinds[static_cast<size_t>(info.layer)];
    const checkpoint::Mixture& mixture = kind.spec.mixture;
    weight.count = kind.layers;
    if (info.slot == Slot::router) weight.rows = mixture.experts;
    if (info.slot == Slot::router_bias) weight.cols = mixture.experts;
    if (info.expert < 0) continue;
    weight.count *= mixture.experts;
    weight.active = mixture.share();
  }
  return weights;
}

std::vector<PlannedWeight> counted(std::vector<PlannedWeight> weights) {
  const auto key = [](const PlannedWeight& w) {
    return std::tie(w.slot, w.rows, w.cols, w.stored, w.stored_bytes, w.active, w.scattered);
  };
  std::ranges::stable_sort(weights, {}, key);
  std::vector<PlannedWeight> out;
  for (PlannedWeight& weight : weights) {
    if (!out.empty() && key(out.back()) == key(weight))
      out.back().count += weight.count;
    else
      out.push_back(std::move(weight));
  }
  return out;
}

std::optional<std::vector<PlannedWeight>> stored_in(std::vector<PlannedWeight> weights,
                                                    precision::ModeId mode) {
  const precision::ModeFunctions& format = *precision::mode(mode).functions;
  const precision::ModeFunctions& fp32 = *precision::mode(precision::ModeId::fp32).functions;
  for (PlannedWeight& weight : weights) {
    const bool in_blocks = weight.role() == Role::kMatrix || weight.role() == Role::kEmbedding;
    if (in_blocks && weight.cols % format.group != 0) return std::nullopt;
    weight.stored = in_blocks ? mode : precision::ModeId::fp32;
    weight.stored_bytes = (in_blocks ? format : fp32).bytes(weight.rows, weight.cols);
  }
  return weights;
}

}  // namespace nety::policy
