// What one backend computes of a model: all of it, or the share of one of several processes.
#pragma once

#include <cstdint>

#include "core/checkpoint/config.h"

namespace nety::model {

/// `count` of `whole` things, from `begin` on.
struct Part {
  int64_t begin = 0, count = 0, whole = 0;

  bool is_whole() const { return count == whole; }
};

/// A share of every weight's output rows: whole heads, some rows of the feed-forward network, of
/// the vocabulary and of what is added to the residual stream. Sums over columns are never split,
/// so an activation has the same bits whoever computed it; before it is multiplied with, what the
/// others computed of it is gathered (Backend::activation).
struct LocalShape {
  Part stream;           ///< Of D: rows of Wo and Wdown.
  Part heads;            ///< Of H: rows of Wq, head_dim each.
  int64_t kv_heads = 0;  ///< Rows of Wk and Wv, and heads of the cache; those that `heads` read.
  int64_t head_dim = 0;
  Part ffn;           ///< Of F: rows of Wgate and Wup.
  int64_t vocab = 0;  ///< Rows of the head.

  bool is_whole() const { return stream.is_whole() && heads.is_whole() && ffn.is_whole(); }
};

inline LocalShape whole_shape(const checkpoint::ModelConfig& config) {
  return {.stream = {0, config.dim, config.dim},
          .heads = {0, config.heads, config.heads},
          .kv_heads = config.kv_heads,
          .head_dim = config.head_dim,
          .ffn = {0, config.ffn_dim, config.ffn_dim},
          .vocab = config.vocab};
}

/// The activations that are gathered: the residual stream x, attention's output a, and h.
enum class Activation : uint8_t { kStream, kAttention, kHidden };

/// Rows of an activation on the host; this backend's columns are set, and room for all others is
/// there.
struct ActivationRows {
  float* data = nullptr;  ///< [rows, width]; null: this backend has no such rows.
  int64_t rows = 0, width = 0;
  int64_t stride = 0;  ///< Floats from row to row.
  Part computed;       ///< The columns that are set.
};

}  // namespace nety::model
