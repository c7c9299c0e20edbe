// RoPE parameters of config.json.
#pragma once

#include <cstdint>

#include "core/checkpoint/config.h"
#include "core/checkpoint/json_file.h"

namespace nety::checkpoint {

/// rope_parameters (transformers 5), or rope_theta and rope_scaling (4). `context` is
/// max_position_embeddings. Error: kCheckpoint naming file, key and value.
Rope read_rope(const JsonObject& root, int64_t context);

}  // namespace nety::checkpoint
