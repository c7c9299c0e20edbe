// The tokenizer of a directory that we write.
#pragma once

#include <string>

#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/writer.h"

namespace nety::checkpoint {

/// Copies the tokenizer's files and the chat template of a Hugging Face source, those that it has;
/// makes tokenizer.json and tokenizer_config.json from a GGUF's metadata. Returns why there are
/// none, as a sentence, if a GGUF's vocabulary does not allow it; else nothing. Error: kIo.
std::string write_tokenizer_files(const Checkpoint& source, ModelWriter& writer);

}  // namespace nety::checkpoint
