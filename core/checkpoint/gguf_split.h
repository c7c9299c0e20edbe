// Models that llama.cpp has cut into several files.
#pragma once

#include "core/checkpoint/gguf_keys.h"

namespace nety::checkpoint {

/// Error: kCheckpoint for a part of a split GGUF, naming which it is and how to join the parts. Of
/// the first part the vocabulary can be used: `vocabulary_only`.
void refuse_split(const GgufKeys& keys, bool vocabulary_only);

}  // namespace nety::checkpoint
