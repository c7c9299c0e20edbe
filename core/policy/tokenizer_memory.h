// What a checkpoint's tokenizer takes in memory, from the sizes of its vocabulary.
#pragma once

#include <cstdint>

#include "core/checkpoint/checkpoint.h"

namespace nety::policy {

/// Bytes of the tokenizer once it is made, of the vocabulary that a GGUF's metadata keeps beside
/// it, and of what is held only while it is read (copies, the parsed tokenizer.json); 0 if the
/// checkpoint has none. Nothing is read but sizes.
uint64_t tokenizer_bytes(const checkpoint::Checkpoint& checkpoint);

}  // namespace nety::policy
