// The tokenizer that a checkpoint carries.
#pragma once

#include "core/checkpoint/checkpoint.h"
#include "core/tokenizer/tokenizer.h"

namespace nety::model {

/// From GGUF metadata, or from tokenizer.json beside the weights and the tokens that the files
/// beside it add. Error: kCheckpoint if there is none or it is not one we support.
tokenizer::Tokenizer load_tokenizer(const checkpoint::Checkpoint& checkpoint);

/// Whether it carries one at all: weights alone may be measured, and written.
bool has_tokenizer(const checkpoint::Checkpoint& checkpoint);
/// True for a GGUF with a SentencePiece vocabulary, which has ids of its own for BOS and EOS.
bool is_sentencepiece(const checkpoint::Checkpoint& checkpoint);

}  // namespace nety::model
