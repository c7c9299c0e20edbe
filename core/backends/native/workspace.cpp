#include "core/backends/native/workspace.h"

#include <algorithm>

namespace nety::native {
namespace {

/// The configuration of the heads that are computed here, for attention over their cache.
checkpoint::ModelConfig local_heads(checkpoint::ModelConfig config,
                                    const model::LocalShape& shape) {
  config.heads = shape.heads.count;
  config.kv_heads = shape.kv_heads;
  return config;
}

bool has_norms_after(const checkpoint::ModelConfig& config) {
  return config.any_layer([](const checkpoint::LayerSpec& spec) { return spec.norm_after; });
}

bool has_local_rope(const checkpoint::ModelConfig& config) {
  return config.any_layer(
      [](const checkpoint::LayerSpec& spec) { return spec.rotary == checkpoint::Rotary::kLocal; });
}

}  // namespace

int64_t Workspace::floats_for_specs(const checkpoint::ModelConfig& config) {
  int64_t floats = config.rope.rotated_of(config.head_dim);  // cosines and sines of half as many
  if (has_local_rope(config)) floats += config.local_rope.rotated_of(config.head_dim);
  return floats + (has_norms_after(config) ? config.dim : 0);
}

void Workspace::add_rotations(const checkpoint::Rope& rope, const model::StepLimits& limits) {
  Rotations& one = rotations.emplace_back();
  one.rope = &rope;
  one.table = model::rope_table(config, rope, limits.context);
  one.half = rope.rotated_of(config.head_dim) / 2;
  const auto count = static_cast<size_t>(limits.tokens * one.half);
  one.cosines = ZeroedArray<float>(count);
  one.sines = ZeroedArray<float>(count);
}

Workspace::Workspace(const checkpoint::ModelConfig& whole, const model::LocalShape& computed,
                     const model::StepLimits& limits, int threads, int64_t tallest)
    : config(whole), shape(computed) {
  const auto floats = [&](ZeroedArray<float>& buffer, int64_t width) {
    buffer = ZeroedArray<float>(static_cast<size_t>(limits.tokens * width));
  };
  floats(x, config.dim);
  floats(q, q_width());
  floats(k, kv_width());
  floats(v, kv_width());
  floats(h, shape.ffn.whole);
  floats(u, shape.ffn.count);
  if (has_norms_after(config)) floats(y, config.dim);
  add_rotations(config.rope, limits);
  if (has_local_rope(config)) add_rotations(config.local_rope, limits);
  const int64_t widest = std::max(
      {config.dim, attention_columns().whole, shape.ffn.whole, config.largest_mixture().ffn_dim});
  const int64_t rows = std::max(limits.tokens, limits.logit_rows);
  in.reserve(rows, widest);
  experts.reserve(config, limits.tokens);
  scratch.resize(static_cast<size_t>(threads));
  for (Scratch& of : scratch) of.reserve(widest, tallest, rows);
  attention.reserve(local_heads(config, shape), limits.context, limits.tokens, threads);
}

}  // namespace nety::native
