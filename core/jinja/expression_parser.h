// Expressions, as Jinja's parser.py reads them: one function for each level of precedence.
#pragma once

#include <utility>
#include <vector>

#include "core/jinja/failure.h"
#include "core/jinja/syntax.h"
#include "core/jinja/token_stream.h"

namespace nety::jinja {

class ExpressionParser {
 public:
  ExpressionParser(TokenStream& stream, Tree& tree) : stream_(stream), tree_(tree) {}

  /// Errors of all of these: Failure.
  const Expression* expression(bool with_condition = true);
  /// One expression, or several with commas between them as a tuple. Ends before the name `end`.
  const Expression* tuple(bool with_condition = true, std::string_view end = {});
  /// What can be assigned to. `with_fields`: also "namespace.field".
  const Expression* target(bool with_fields, std::string_view end = {});
  /// Filters on `value`, which is null in front of a filter block's.
  const Expression* filters(const Expression* value, bool begins_with_name = false);

  /// Between these two, a filter or test that does not exist is an error only where it runs.
  void enter_condition() { ++conditions_; }
  void leave_condition() { --conditions_; }
  /// For as long as it lives, it is an error again: bodies with a scope of their own.
  class Certain {
   public:
    explicit Certain(ExpressionParser& parser)
        : parser_(parser), before_(std::exchange(parser.conditions_, 0)) {}
    ~Certain() { parser_.conditions_ = before_; }
    Certain(const Certain&) = delete;
    Certain& operator=(const Certain&) = delete;

   private:
    ExpressionParser& parser_;
    int before_;
  };
  /// Error: Failure for the first one anywhere else.
  void refuse_unknown() const;

  /// One level deeper for as long as it lives. Error: Failure.
  class Level {
   public:
    explicit Level(ExpressionParser& parser);
    ~Level() { --parser_.levels_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    ExpressionParser& parser_;
  };

 private:
  using Kind = Expression::Kind;
  Expression& make(Kind kind, int line, Expressions children = {});
  const Expression* condition();
  const Expression* disjunction();
  const Expression* conjunction();
  const Expression* negation();
  const Expression* comparison();
  const Expression* sum();
  const Expression* concatenation();
  const Expression* product();
  const Expression* power();
  const Expression* unary(bool with_filters = true);
  const Expression* primary(bool with_fields = false);
  const Expression* name(bool with_fields);
  const Expression* list();
  const Expression* dict();
  const Expression* postfix(const Expression* value);
  const Expression* filters_and_tests(const Expression* value);
  const Expression* subscript(const Expression* value);
  const Expression* index(const Expression* value);
  const Expression* call(const Expression* value);
  const Expression* test(const Expression* value);
  const Expression* items(bool simple, bool with_condition, bool in_brackets, bool with_fields,
                          std::string_view end);
  bool ends_tuple(std::string_view end) const;
  CallArguments arguments();
  void check_target(const Expression& target) const;
  bool is_compared(std::string_view& word);
  void note_unknown(std::string_view what, std::string_view name, int line);

  TokenStream& stream_;
  Tree& tree_;
  int conditions_ = 0, levels_ = 0;
  std::vector<Failure> unknown_;  // filters and tests
};

}  // namespace nety::jinja
