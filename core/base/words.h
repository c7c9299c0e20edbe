// Small texts that messages are made of: lists of words, the last line of an output.
#pragma once

#include <string>
#include <string_view>

namespace nety {

/// Adds a word to a list: "a, b" and "c" give "a, b, c".
void append_word(std::string& list, std::string_view word, std::string_view separator = ", ");

/// The words of a range as one list.
template <class Range>
std::string joined(const Range& words, std::string_view separator = ", ") {
  std::string list;
  for (const auto& word : words) append_word(list, word, separator);
  return list;
}

/// The last line that says anything: what a program wrote before it ended. Cut after `most` bytes.
std::string last_line(std::string_view text, size_t most);

}  // namespace nety
