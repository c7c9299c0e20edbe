// The beginning and the ends of an answer: every file of a checkpoint that names them, its
// tokenizer, and the texts that are known for ends, put together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/messages.h"
#include "core/checkpoint/checkpoint.h"
#include "core/tokenizer/tokenizer.h"

namespace nety::model {

struct SpecialToken {
  int32_t id = -1;  ///< -1: none
  std::string text;
  std::vector<std::string> places;  ///< What names it: "config.json eos_token_id", "its text" ...
};

/// Something said of a token that does not hold, or that other files say differently.
struct TokenConflict {
  enum class Kind : uint8_t {
    kNoSuchToken,  ///< `place` names `named`, which the tokenizer has not.
    kOtherBos,     ///< `place` names `named` as BOS; `used` is used.
    kOtherEos,     ///< `place` ends answers with `named`, `other` with `used`; all of them do.
  };
  Kind kind;
  std::string place, named, other, used;
};

/// 4 "<|im_end|>"
std::string shown(const SpecialToken& token);

struct SpecialTokens {
  SpecialToken bos;                ///< What a chat template calls bos_token.
  SpecialToken eos;                ///< What it calls eos_token.
  std::vector<SpecialToken> ends;  ///< Any of these ends an answer; no id twice.
  std::vector<TokenConflict> conflicts;

  std::vector<int32_t> end_ids() const;
};

/// From a Hugging Face directory as in transformers: templates get the tokenizer's BOS and EOS
/// (tokenizer_config.json, special_tokens_map.json, the tokenizer class; config.json only where
/// there is no tokenizer_config.json). From a GGUF as in llama.cpp: its keys, and SentencePiece's
/// 1 and 2 where it names none. What ends an answer is the union of all that name an end, and of
/// the texts of end_texts.def.
SpecialTokens special_tokens(const checkpoint::Checkpoint& checkpoint,
                             const tokenizer::Tokenizer& tokenizer);

/// What is used and who names it, a sentence each.
std::vector<Text> describe(const SpecialTokens& tokens);
Text describe(const TokenConflict& conflict);
/// What is to be said of a tokenizer with more tokens than the model has rows; nothing if it has
/// not.
std::optional<Text> describe_size(const checkpoint::Checkpoint& checkpoint,
                                  const tokenizer::Tokenizer& tokenizer);

}  // namespace nety::model
