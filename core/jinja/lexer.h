// A template's text as tokens: Jinja's lexer with trim_blocks and lstrip_blocks.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace nety::jinja {

struct Token {
  enum class Kind : uint8_t {
    kData,           ///< text between tags, white space taken away
    kBlockBegin,     ///< {%
    kBlockEnd,       ///< %}
    kVariableBegin,  ///< {{
    kVariableEnd,    ///< }}
    kName,
    kString,  ///< escapes undone
    kInteger,
    kFloat,
    kOperator,
    kEnd,
  };
  Kind kind;
  int line;
  std::string_view text = {};
  int64_t integer = 0;
  double real = 0;
};

/// The text as Jinja takes it: line ends as "\n", and not the last one.
std::string with_plain_line_ends(std::string_view text);

/// Tokens of such a text, which they point into; `texts` keeps those that had to be made. The last
/// one is kEnd. Error: Failure.
std::vector<Token> tokens_of(std::string_view source, std::deque<std::string>& texts);

}  // namespace nety::jinja
