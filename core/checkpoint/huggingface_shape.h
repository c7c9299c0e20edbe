// The keys of config.json that nearly all decoders have, for families to build on.
#pragma once

#include <cstdint>

#include "core/checkpoint/config.h"
#include "core/checkpoint/json_file.h"

namespace nety::checkpoint {

/// Values of keys that are absent, as the family's class in transformers has them.
struct ShapeDefaults {
  int64_t context;       ///< max_position_embeddings
  int64_t kv_heads = 0;  ///< num_key_value_heads; 0: as many as heads.
};

/// Sizes, norms, RoPE and whether embeddings are tied, checked. Error: kCheckpoint naming file, key
/// and value; also for an activation other than SiLU.
ModelConfig read_shape(const JsonObject& root, const ShapeDefaults& defaults);

/// "sliding_window": `fallback` where it is absent, 0 where it is null or use_sliding_window is
/// false.
int64_t read_window(const JsonObject& root, int64_t fallback);

}  // namespace nety::checkpoint
