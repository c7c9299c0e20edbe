// Tokens as a parser reads them, with one to look at ahead.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/jinja/lexer.h"

namespace nety::jinja {

class TokenStream {
 public:
  explicit TokenStream(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const Token& current() const { return tokens_[at_]; }
  const Token& look() const { return tokens_[at_ + (at_ + 1 < tokens_.size() ? 1 : 0)]; }
  int line() const { return current().line; }
  bool is(Token::Kind kind) const { return current().kind == kind; }
  bool is_operator(std::string_view text) const {
    return is(Token::Kind::kOperator) && current().text == text;
  }
  bool is_name(std::string_view text) const {
    return is(Token::Kind::kName) && current().text == text;
  }

  /// The current token, and on to the next.
  const Token& next() {
    const Token& token = tokens_[at_];
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  bool skip_operator(std::string_view text) {
    const bool there = is_operator(text);
    if (there) next();
    return there;
  }
  bool skip_name(std::string_view text) {
    const bool there = is_name(text);
    if (there) next();
    return there;
  }

  /// Errors: Failure (kSyntax).
  void expect_operator(std::string_view text);
  void expect_name(std::string_view text);
  std::string_view expect_name();
  void expect(Token::Kind kind);
  [[noreturn]] void refuse(std::string what) const;
  /// What is there, for a message: "'%}'", "the name \"x\"" ...
  std::string shown() const;

 private:
  std::vector<Token> tokens_;
  size_t at_ = 0;
};

}  // namespace nety::jinja
