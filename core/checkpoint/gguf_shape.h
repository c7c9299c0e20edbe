// The metadata of a GGUF that nearly all decoders have, for families to build on.
#pragma once

#include "core/checkpoint/config.h"
#include "core/checkpoint/gguf_keys.h"

namespace nety::checkpoint {

/// Sizes, norms and RoPE under the keys of the file's architecture, checked. Error: kCheckpoint
/// naming file, key and value.
ModelConfig read_shape(const GgufKeys& keys);

}  // namespace nety::checkpoint
