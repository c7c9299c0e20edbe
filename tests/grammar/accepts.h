// Whether a grammar takes a text, byte by byte.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/grammar/matcher.h"

namespace nety::grammar {

/// A token for each byte, and an end token (256).
inline const Vocabulary& byte_vocabulary() {
  static const Vocabulary kBytes = [] {
    std::vector<std::string> bytes;
    for (int value = 0; value < 256; ++value) bytes.emplace_back(1, static_cast<char>(value));
    bytes.emplace_back();
    const int32_t end = 256;
    return Vocabulary(bytes, {&end, 1});
  }();
  return kBytes;
}

/// The whole text, ended.
inline bool accepts(const Grammar& grammar, std::string_view text) {
  Matcher matcher(grammar, byte_vocabulary());
  return (text.empty() || matcher.accept(text)) && matcher.can_end();
}

/// The text as a beginning.
inline bool begins(const Grammar& grammar, std::string_view text) {
  Matcher matcher(grammar, byte_vocabulary());
  return text.empty() || matcher.accept(text);
}

inline bool schema_accepts(std::string_view schema, std::string_view text) {
  return accepts(Grammar::of_schema_text(schema), text);
}

}  // namespace nety::grammar
