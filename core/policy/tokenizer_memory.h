// What a checkpoint's tokenizer takes in memory, from the sizes of its vocabulary.
#pragma once

#include <cstdint>

#include "core/checkpoint/checkpoint.h"

namespace nety::policy {

/// Bytes of the finished tokenizer, of the vocabulary that a GGUF's metadata keeps as well, and of
/// what exists only while it is read (copies, the parsed tokenizer.json); 0 if the checkpoint has
/// no tokenizer. Reads sizes only.
uint64_t tokenizer_bytes(const checkpoint::Checkpoint& checkpoint);

}  // namespace nety::policy
