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

}  // namespace

Workspace::Workspace(const checkpoint::ModelConfig& whole, const model::LocalShape& computed,
                     const model::StepLimits& limits, int threads, int64_t tallest)
    : config(whole), shape(computed), rope(model::rope_table(whole, limits.context)) {
  const auto floats = [&](ZeroedArray<float>& buffer, int64_t width) {
    buffer = ZeroedArray<float>(static_cast<size_t>(limits.tokens * width));
  };
  floats(x, config.dim);
  floats(q, q_width());
  floats(k, kv_width());
  floats(v, kv_width());
  floats(h, shape.ffn.whole);
  floats(u, shape.ffn.count);
  floats(cos, shape.head_dim / 2);
  floats(sin, shape.head_dim / 2);
  const int64_t widest = std::max({config.dim, attention_columns().whole, shape.ffn.whole});
  const int64_t rows = std::max(limits.tokens, limits.logit_rows);
  in.reserve(rows, widest);
  scratch.resize(static_cast<size_t>(threads));
  for (Scratch& of : scratch) of.reserve(widest, tallest, rows);
  attention.reserve(local_heads(config, shape), limits.context, limits.tokens, threads);
}

}  // namespace nety::native
