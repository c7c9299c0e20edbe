// The tokenizer that a checkpoint carries.
#pragma once

#include "core/checkpoint/checkpoint.h"
#include "core/tokenizer/tokenizer.h"

namespace nety::model {

/// From GGUF metadata, or from tokenizer.json beside the weights.
/// Error: kCheckpoint if there is none or it is not one we support.
tokenizer::Tokenizer load_tokenizer(const checkpoint::Checkpoint& checkpoint);

}  // namespace nety::model
