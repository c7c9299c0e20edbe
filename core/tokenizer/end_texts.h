// Tokens that are known by their text: files often give them the wrong type, or name only one of
// several that end an answer.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace nety::tokenizer {

class Tokenizer;

enum class EndTextUse : uint8_t { kEnd, kEndOfGguf, kEndHere, kControl };

/// A row of end_texts.def.
struct EndText {
  std::string_view text;
  EndTextUse use;
};

/// The row of that text, or null.
const EndText* find_end_text(std::string_view text);

/// Ids of `tokenizer` whose text ends an answer, in the order of the table; `gguf`: by the rules
/// of GGUF files. In harmony, "<|end|>" ends a message and the answer goes on.
std::vector<int32_t> end_ids_by_text(const Tokenizer& tokenizer, bool gguf);

}  // namespace nety::tokenizer
