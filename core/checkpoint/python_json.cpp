#include "core/checkpoint/python_json.h"

#include <algorithm>

namespace nety::checkpoint {
namespace {

/// Before the word of a number that JSON does not have: a character that no file should use.
constexpr std::string_view kMark = "\xee\x80\x80";  // U+E000, for private use

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Length of the JSON string at the start of `text`, quotes included.
size_t string_length(std::string_view text) {
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == '"')
      return i + 1;
  }
  return text.size();
}

/// Length of the number at the start of `text`, in any of JSON's forms.
size_t number_length(std::string_view text) {
  const size_t end = text.find_first_not_of("0123456789+-.eE");
  return std::min(end, text.size());
}

/// A whole number that does not fit into 64 bits.
bool is_long_whole(std::string_view number) {
  const bool negative = number.starts_with('-');
  const std::string_view digits = number.substr(negative ? 1 : 0);
  const std::string_view most = negative ? "9223372036854775808" : "18446744073709551615";
  const bool beyond = digits.size() != most.size() ? digits.size() > most.size() : digits > most;
  return beyond && std::all_of(digits.begin(), digits.end(), is_digit);
}

}  // namespace

std::string as_strict_json(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    std::string_view taken = text.substr(0, 1);
    bool rewritten = false;
    if (text[0] == '"') {
      taken = text.substr(0, string_length(text));
    } else if (is_digit(text[0]) || text[0] == '-') {
      taken = text.substr(0, number_length(text));
      if (is_long_whole(taken)) {
        out.append(taken).append("e0");
        rewritten = true;
      }
    }
    for (const std::string_view word : {"NaN", "Infinity", "-Infinity"}) {
      if (!text.starts_with(word)) continue;
      taken = text.substr(0, word.size());
      out.append("\"").append(kMark).append(word).append("\"");
      rewritten = true;
    }
    if (!rewritten) out += taken;
    text.remove_prefix(taken.size());
  }
  return out;
}

std::string_view not_a_number(std::string_view string) {
  return string.starts_with(kMark) ? string.substr(kMark.size()) : std::string_view();
}

}  // namespace nety::checkpoint
