// The buffers of the native backend's steps.
#pragma once

#include <vector>

#include "core/backends/native/attention.h"
#include "core/backends/native/experts.h"
#include "core/backends/native/linear.h"
#include "core/backends/native/token_rows.h"

namespace nety::native {

/// T tokens, D model width, d head width, F feed-forward width. H and G are the query and key/value
/// heads that are computed here, H_all and F_all those of the whole model.
struct Workspace final : model::Workspace {
  /// `tallest`: rows of the largest weight.
  Workspace(const checkpoint::ModelConfig& whole, const model::LocalShape& computed,
            const model::StepLimits& limits, int threads, int64_t tallest);

  /// Floats for each token that the specs of `config` ask for: rotations, what blocks add.
  static int64_t floats_for_specs(const checkpoint::ModelConfig& config);

  int64_t q_width() const { return shape.heads.count * shape.head_dim; }
  int64_t kv_width() const { return shape.kv_heads * shape.head_dim; }
  /// Null where the layer has none.
  const Rotations* rotations_of(checkpoint::Rotary rotary) const {
    if (rotary == checkpoint::Rotary::kNone) return nullptr;
    return &rotations[rotary == checkpoint::Rotary::kMain ? 0 : 1];
  }
  /// Where the columns that are computed here begin, and how many there are, of a.
  model::Part attention_columns() const {
    return {shape.heads.begin * shape.head_dim, q_width(), shape.heads.whole * shape.head_dim};
  }

  checkpoint::ModelConfig config;
  model::LocalShape shape;
  std::vector<Rotations> rotations;  // of the main rotary embedding, and of the local one
  Attention attention;
  ZeroedArray<float> x;        // [T, D] residual stream
  ZeroedArray<float> q, k, v;  // [T, H d], [T, G d] twice
  ZeroedArray<float> h;        // [T, F_all]
  ZeroedArray<float> u;        // [T, F]
  ZeroedArray<float> y;        // [T, D] what a block adds, where that is normalised
  Activations in;              // what goes into the next products; a [T, H_all d] is one of them
  Experts experts;
  std::vector<Scratch> scratch;  // of each worker

 private:
  void add_rotations(const checkpoint::Rope& rope, const model::StepLimits& limits);
};

}  // namespace nety::native
