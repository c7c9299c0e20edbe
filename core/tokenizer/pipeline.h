// What a tokenizer consists of. The two readers (from_json.cpp, from_gguf.cpp) fill it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/tokenizer/added_tokens.h"
#include "core/tokenizer/bpe.h"
#include "core/tokenizer/decoder.h"
#include "core/tokenizer/normalizer.h"
#include "core/tokenizer/pre_tokenizer.h"
#include "core/tokenizer/vocabulary.h"

namespace nety::tokenizer {

/// In the order in which a text passes through.
struct Pipeline {
  std::string source;
  Vocabulary vocabulary;
  std::vector<bool> special;  ///< By id; may be shorter than the vocabulary.
  AddedTokens added;          ///< Looked for in the text as it is.
  Normalizer normalizer;
  AddedTokens added_normalized;  ///< Looked for in the normalised text.
  PreTokenizer pre_tokenizer;
  std::unique_ptr<Bpe> model;
  std::vector<int32_t> prefix_ids, suffix_ids;  ///< What the tokenizer itself adds.
  Decoder decoder;

  /// Registers an added token, whose text is in the vocabulary; it replaces one of that text. Once
  /// special, a token stays special.
  void add(AddedToken token);
  /// The same unless there is an added token of that text.
  void name(AddedToken token);
};

}  // namespace nety::tokenizer
