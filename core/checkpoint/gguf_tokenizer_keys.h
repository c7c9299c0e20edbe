// What the keys of a GGUF's tokenizer must be before anything reads them.
#pragma once

#include "core/checkpoint/gguf_keys.h"

namespace nety::checkpoint {

/// Error: kCheckpoint where a key of tokenizer.ggml.* or the chat template has another type than
/// the format's specification says: taken as absent, text would be read in another way than the
/// model learnt. Absent keys are no error here.
void check_tokenizer_keys(const GgufKeys& keys);

}  // namespace nety::checkpoint
