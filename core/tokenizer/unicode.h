// What tokenizers need to know about Unicode: UTF-8, white space, numbers, punctuation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace nety::tokenizer {

inline constexpr std::string_view kReplacementCharacter = "\xef\xbf\xbd";  // U+FFFD

/// A code point and the bytes it takes in UTF-8.
struct CodePoint {
  char32_t value;
  uint32_t bytes;
};

/// The code point at byte `at` of `text`, which must be valid UTF-8 from there on.
CodePoint code_point_at(std::string_view text, size_t at);
void append_utf8(std::string& text, char32_t value);

bool is_valid_utf8(std::string_view text);
/// Appends `bytes` to `text` with U+FFFD for each maximal part that is not UTF-8 (Unicode 15,
/// section 3.9, as Python and Rust do). Returns how many bytes it took: all of them, but where
/// `more_follows` it stops before a character that the end of `bytes` cuts off.
size_t append_repaired(std::string_view bytes, bool more_follows, std::string& text);

/// Property White_Space.
bool is_white_space(char32_t value);
/// General category N, as Rust's char::is_numeric.
bool is_numeric(char32_t value);
/// A character of a word: \w of Unicode Technical Standard 18 (letters, marks, decimal and letter
/// numbers, connectors).
bool is_word(char32_t value);
/// ASCII punctuation and general category P.
bool is_punctuation(char32_t value);

enum class NormalForm : uint8_t { kNfc, kNfd, kNfkc, kNfkd };
/// `text` (valid UTF-8) in a normal form of Unicode Standard Annex 15.
std::string normalize(std::string_view text, NormalForm form);
/// `text` in lower case, character by character, as Rust's char::to_lowercase.
std::string to_lower(std::string_view text);

/// Text from a file made fit for a message: in quotes, at most 60 bytes of it, control characters
/// and invalid UTF-8 as \xNN.
std::string quote(std::string_view text);

}  // namespace nety::tokenizer
