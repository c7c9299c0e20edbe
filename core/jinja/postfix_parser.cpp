// What stands behind a value: attributes, indices, calls, filters and tests.
#include <fmt/core.h>

#include "core/jinja/expression_parser.h"
#include "core/jinja/filters.h"
#include "core/jinja/tests.h"
#include "core/tokenizer/unicode.h"

namespace nety::jinja {

void ExpressionParser::note_unknown(std::string_view what, std::string_view name, int line) {
  if (conditions_ > 0) return;
  unknown_.push_back(
      {Failure::Kind::kUnsupported, fmt::format("the {} {}", what, tokenizer::quote(name)), line});
}

void ExpressionParser::refuse_unknown() const {
  if (!unknown_.empty()) throw unknown_.front();
}

const Expression* ExpressionParser::postfix(const Expression* value) {
  for (;;)
    if (stream_.is_operator(".") || stream_.is_operator("["))
      value = subscript(value);
    else if (stream_.is_operator("("))
      value = call(value);
    else
      return value;
}

const Expression* ExpressionParser::filters_and_tests(const Expression* value) {
  for (;;)
    if (stream_.is_operator("|"))
      value = filters(value);
    else if (stream_.is_name("is"))
      value = test(value);
    else if (stream_.is_operator("("))
      value = call(value);
    else
      return value;
}

const Expression* ExpressionParser::subscript(const Expression* value) {
  const int line = stream_.line();
  if (!stream_.skip_operator(".")) return index(value);
  const Token& token = stream_.next();
  if (token.kind == Token::Kind::kName) {
    Expression& made = make(Kind::kAttribute, line, {value});
    made.text = token.text;
    return &made;
  }
  if (token.kind != Token::Kind::kInteger)
    stream_.refuse("a name or a number is missing behind '.'");
  Expression& number = make(Kind::kInteger, line);
  number.integer = token.integer;
  return &make(Kind::kItem, line, {value, &number});
}

/// value[...]
const Expression* ExpressionParser::index(const Expression* value) {
  const int line = stream_.next().line;
  const auto ends = [&] { return stream_.is_operator("]") || stream_.is_operator(","); };
  Expressions parts;
  bool slice = false;
  while (!stream_.is_operator("]")) {
    if (!parts.empty()) stream_.expect_operator(",");
    const Expression* begin = stream_.is_operator(":") ? nullptr : expression();
    if (!stream_.skip_operator(":")) {
      parts.push_back(begin);
      continue;
    }
    slice = true;
    const bool no_end = stream_.is_operator(":") || ends();
    const Expression* end = no_end ? nullptr : expression();
    const Expression* step = stream_.skip_operator(":") && !ends() ? expression() : nullptr;
    parts.push_back(&make(Kind::kSlice, line, {value, begin, end, step}));
  }
  stream_.expect_operator("]");
  if (slice && parts.size() > 1)
    throw Failure{Failure::Kind::kUnsupported, "a slice beside other indices", line};
  if (slice) return parts[0];
  const Expression* key = parts.size() == 1 ? parts[0] : &make(Kind::kTuple, line, parts);
  return &make(Kind::kItem, line, {value, key});
}

CallArguments ExpressionParser::arguments() {
  const Level level(*this);
  CallArguments found;
  stream_.expect_operator("(");
  bool first = true;
  const auto ensure = [&](bool good) {
    if (!good) stream_.refuse("the arguments of a call are not in order");
  };
  while (!stream_.is_operator(")")) {
    if (!first) stream_.expect_operator(",");
    if (!first && stream_.is_operator(")")) break;
    first = false;
    if (stream_.skip_operator("*")) {
      ensure(found.more_values == nullptr && found.more_named == nullptr);
      found.more_values = expression();
    } else if (stream_.skip_operator("**")) {
      ensure(found.more_named == nullptr);
      found.more_named = expression();
    } else if (stream_.is(Token::Kind::kName) && stream_.look().kind == Token::Kind::kOperator &&
               stream_.look().text == "=") {
      ensure(found.more_named == nullptr);
      const std::string_view name = stream_.next().text;
      stream_.next();
      found.named.push_back({name, expression()});
    } else {
      ensure(found.more_values == nullptr && found.more_named == nullptr && found.named.empty());
      found.values.push_back(expression());
    }
  }
  stream_.expect_operator(")");
  return found;
}

const Expression* ExpressionParser::call(const Expression* value) {
  const int line = stream_.line();
  CallArguments given = arguments();
  Expression& made = make(Kind::kCall, line, {value});
  made.arguments = std::move(given);
  return &made;
}

const Expression* ExpressionParser::filters(const Expression* value, bool begins_with_name) {
  while (begins_with_name || stream_.skip_operator("|")) {
    begins_with_name = false;
    const int line = stream_.line();
    const std::string_view name = stream_.expect_name();
    CallArguments given;
    if (stream_.is_operator("(")) given = arguments();
    Expression& made = make(Kind::kFilter, line, {value});
    made.text = name;
    made.filter = find_filter(name);
    made.arguments = std::move(given);
    if (made.filter == nullptr) note_unknown("filter", name, line);
    value = &made;
  }
  return value;
}

const Expression* ExpressionParser::test(const Expression* value) {
  const int line = stream_.next().line;
  const bool negated = stream_.skip_name("not");
  const std::string_view name = stream_.expect_name();
  CallArguments given;
  const bool value_follows = stream_.is(Token::Kind::kName) || stream_.is(Token::Kind::kString) ||
                             stream_.is(Token::Kind::kInteger) || stream_.is(Token::Kind::kFloat) ||
                             stream_.is_operator("[") || stream_.is_operator("{");
  if (stream_.is_operator("(")) {
    given = arguments();
  } else if (value_follows && !stream_.is_name("else") && !stream_.is_name("or") &&
             !stream_.is_name("and")) {
    if (stream_.is_name("is")) stream_.refuse("tests cannot be chained with \"is\"");
    const Level level(*this);
    given.values.push_back(postfix(primary()));
  }
  Expression& made = make(Kind::kTest, line, {value});
  made.text = name;
  made.test = find_test(name);
  made.arguments = std::move(given);
  if (made.test == nullptr) note_unknown("test", name, line);
  return negated ? &make(Kind::kNot, line, {&made}) : &made;
}

}  // namespace nety::jinja
