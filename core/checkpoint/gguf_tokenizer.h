// tokenizer.json from the vocabulary of a GGUF file, for transformers and the `tokenizers` library.
#pragma once

#include <optional>
#include <string>

#include "core/checkpoint/checkpoint.h"

namespace nety::checkpoint {

struct MadeTokenizer {
  std::string tokenizer_json, tokenizer_config_json;
  /// Why nothing was made: a sentence; empty if it was.
  std::string problem;
};

/// Both files of a GGUF with a byte-level BPE ("gpt2" with a known pre-tokeniser) or a
/// SentencePiece-style one ("llama"). Never throws for content: a vocabulary that is damaged,
/// missing or of another kind is a `problem`.
MadeTokenizer make_tokenizer(const Checkpoint& gguf);

}  // namespace nety::checkpoint
