// How many bytes a model's weights are, and how many of them one token reads.
#pragma once

#include "core/model/model.h"

namespace nety::model {

struct Footprint {
  uint64_t weights_bytes = 0;  ///< All tensors as they are used, scales included.
  /// What one decode step reads: all but the embedding table, of which it reads one row (unless it
  /// is the head too), and of a mixture as many experts as a token has.
  uint64_t per_token_bytes = 0;
};

/// From the modes the weights are in; exact.
Footprint footprint(const Model& model);

/// Keys and values that one step reads with `depth` tokens in the cache, and writes for its own.
uint64_t kv_bytes_read(const checkpoint::ModelConfig& config, int64_t depth, KvType type);

}  // namespace nety::model
