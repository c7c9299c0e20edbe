#include "core/jinja/token_stream.h"

#include <fmt/core.h>

#include "core/jinja/failure.h"
#include "core/tokenizer/unicode.h"

namespace nety::jinja {

void TokenStream::refuse(std::string what) const {
  throw Failure{Failure::Kind::kSyntax, std::move(what), line()};
}

std::string TokenStream::shown() const {
  switch (current().kind) {
    case Token::Kind::kData:
      return "text";
    case Token::Kind::kBlockBegin:
      return "'{%'";
    case Token::Kind::kBlockEnd:
      return "'%}'";
    case Token::Kind::kVariableBegin:
      return "'{{'";
    case Token::Kind::kVariableEnd:
      return "'}}'";
    case Token::Kind::kName:
      return "the name " + tokenizer::quote(current().text);
    case Token::Kind::kString:
      return "the string " + tokenizer::quote(current().text);
    case Token::Kind::kInteger:
    case Token::Kind::kFloat:
      return "the number " + std::string(current().text);
    case Token::Kind::kOperator:
      return fmt::format("'{}'", current().text);
    case Token::Kind::kEnd:
      break;
  }
  return "the end of the template";
}

void TokenStream::expect_operator(std::string_view text) {
  if (!skip_operator(text)) refuse(fmt::format("'{}' is missing before {}", text, shown()));
}

void TokenStream::expect_name(std::string_view text) {
  if (!skip_name(text)) refuse(fmt::format("\"{}\" is missing before {}", text, shown()));
}

std::string_view TokenStream::expect_name() {
  if (!is(Token::Kind::kName)) refuse(fmt::format("a name is missing before {}", shown()));
  return next().text;
}

void TokenStream::expect(Token::Kind kind) {
  if (!is(kind)) refuse(fmt::format("unexpected {}", shown()));
  next();
}

}  // namespace nety::jinja
