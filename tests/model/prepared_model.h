// A random model's weights as a backend prepares them, and what a backend may make of them first.
#pragma once

#include <algorithm>
#include <utility>

#include "core/model/model.h"
#include "tests/model/reference_forward.h"

namespace nety::model {

/// The same weights as the backend prepares them.
inline Model prepared(const reference::Weights& weights, Backend& backend) {
  const auto prepare = [&](const reference::Tensor& tensor) {
    return backend.prepare(tensor.stored.view, tensor.stored.view.mode, WeightUse::kMatrix);
  };
  const auto maybe = [&](const std::optional<reference::Tensor>& tensor) {
    return tensor ? prepare(*tensor) : nullptr;
  };
  Model model;
  model.config = weights.config;
  const precision::MatrixView& table = weights.embedding.stored.view;
  model.embedding =
      backend.prepare(table, table.mode, weights.output ? WeightUse::kTable : WeightUse::kTied);
  model.norm = prepare(weights.norm);
  model.norm_bias = maybe(weights.norm_bias);
  model.output = maybe(weights.output);
  for (const reference::Layer& from : weights.layers) {
    LayerWeights to;
    for (const auto& [slot, tensor] : from.weights) to[slot] = prepare(tensor);
    for (const reference::Layer& expert : from.experts) {
      ExpertWeights& weights_of = to.experts.emplace_back();
      for (const auto& [slot, tensor] : expert.weights) weights_of[slot] = prepare(tensor);
    }
    model.layers.push_back(std::move(to));
  }
  return model;
}

/// What a backend makes of a row of weights before it multiplies, where that is not the mode's.
using RowChange = reference::Values (*)(const reference::Values& row);

/// The weights with every matrix that is multiplied with changed by rows; the stored ones stay.
inline reference::Weights changed(reference::Weights weights, RowChange change) {
  if (change == nullptr) return weights;
  const auto apply = [&](reference::Tensor& tensor) {
    for (auto row = tensor.values.begin(); row != tensor.values.end(); row += tensor.cols())
      std::ranges::copy(change({row, row + tensor.cols()}), row);
  };
  const auto apply_to = [&](reference::Layer& layer) {
    for (auto& [slot, tensor] : layer.weights)
      if (tensor.rows() > 1 && slot != Slot::router) apply(tensor);
  };
  for (reference::Layer& layer : weights.layers) {
    apply_to(layer);
    for (reference::Layer& expert : layer.experts) apply_to(expert);
  }
  if (weights.output) apply(*weights.output);
  return weights;
}

}  // namespace nety::model
