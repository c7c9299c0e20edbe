#include "core/jinja/expression_parser.h"

#include <fmt/core.h>

#include "core/jinja/text.h"

namespace nety::jinja {
namespace {

constexpr int kDeepest = 200;

bool is_constant(std::string_view name) {
  for (const std::string_view one : {"true", "false", "True", "False", "none", "None"})
    if (name == one) return true;
  return false;
}

}  // namespace

ExpressionParser::Level::Level(ExpressionParser& parser) : parser_(parser) {
  if (++parser.levels_ <= kDeepest) return;
  --parser.levels_;
  throw Failure{Failure::Kind::kLimit, fmt::format("is written more than {} levels deep", kDeepest),
                parser.stream_.line()};
}

Expression& ExpressionParser::make(Kind kind, int line, Expressions children) {
  return tree_.expressions.emplace_back(
      Expression{.kind = kind, .line = line, .children = std::move(children)});
}

const Expression* ExpressionParser::expression(bool with_condition) {
  const Level level(*this);
  return with_condition ? condition() : disjunction();
}

const Expression* ExpressionParser::condition() {
  const int line = stream_.line();
  const size_t unknown = unknown_.size();
  const Expression* value = disjunction();
  while (stream_.skip_name("if")) {
    const Expression* when = disjunction();
    const Expression* otherwise = nullptr;
    if (stream_.skip_name("else")) {
      const Level level(*this);
      otherwise = condition();
    }
    value = &make(Kind::kCondition, line, {when, value, otherwise});
    unknown_.erase(unknown_.begin() + static_cast<ptrdiff_t>(unknown), unknown_.end());
  }
  return value;
}

const Expression* ExpressionParser::disjunction() {
  const Expression* left = conjunction();
  for (int line = stream_.line(); stream_.skip_name("or"); line = stream_.line())
    left = &make(Kind::kOr, line, {left, conjunction()});
  return left;
}

const Expression* ExpressionParser::conjunction() {
  const Expression* left = negation();
  for (int line = stream_.line(); stream_.skip_name("and"); line = stream_.line())
    left = &make(Kind::kAnd, line, {left, negation()});
  return left;
}

const Expression* ExpressionParser::negation() {
  const int line = stream_.line();
  if (!stream_.skip_name("not")) return comparison();
  const Level level(*this);
  return &make(Kind::kNot, line, {negation()});
}

/// An operator that compares, passed over.
bool ExpressionParser::is_compared(std::string_view& word) {
  for (const std::string_view one : {"==", "!=", "<", "<=", ">", ">="})
    if (stream_.skip_operator(one)) {
      word = one;
      return true;
    }
  if (stream_.skip_name("in")) {
    word = "in";
    return true;
  }
  if (!stream_.is_name("not") || stream_.look().kind != Token::Kind::kName ||
      stream_.look().text != "in")
    return false;
  stream_.next();
  stream_.next();
  word = "not in";
  return true;
}

const Expression* ExpressionParser::comparison() {
  const int line = stream_.line();
  const Expression* first = sum();
  Expressions values = {first};
  std::vector<std::string_view> operators;
  for (std::string_view word; is_compared(word);) {
    operators.push_back(word);
    values.push_back(sum());
  }
  if (operators.empty()) return first;
  Expression& made = make(Kind::kCompare, line, std::move(values));
  made.operators = std::move(operators);
  return &made;
}

const Expression* ExpressionParser::sum() {
  const Expression* left = concatenation();
  while (stream_.is_operator("+") || stream_.is_operator("-")) {
    const Token& token = stream_.next();
    Expression& made = make(Kind::kBinary, token.line, {left, concatenation()});
    made.text = token.text;
    left = &made;
  }
  return left;
}

const Expression* ExpressionParser::concatenation() {
  const int line = stream_.line();
  const Expression* first = product();
  Expressions values = {first};
  while (stream_.skip_operator("~")) values.push_back(product());
  return values.size() == 1 ? first : &make(Kind::kConcatenate, line, std::move(values));
}

const Expression* ExpressionParser::product() {
  const Expression* left = power();
  while (stream_.is_operator("*") || stream_.is_operator("/") || stream_.is_operator("//") ||
         stream_.is_operator("%")) {
    const Token& token = stream_.next();
    Expression& made = make(Kind::kBinary, token.line, {left, power()});
    made.text = token.text;
    left = &made;
  }
  return left;
}

const Expression* ExpressionParser::power() {
  const Expression* left = unary();
  while (stream_.is_operator("**")) {
    const Token& token = stream_.next();
    Expression& made = make(Kind::kBinary, token.line, {left, unary()});
    made.text = token.text;
    left = &made;
  }
  return left;
}

const Expression* ExpressionParser::unary(bool with_filters) {
  const int line = stream_.line();
  const Expression* value = nullptr;
  const bool negative = stream_.is_operator("-");
  if (negative || stream_.is_operator("+")) {
    const Level level(*this);
    stream_.next();
    value = &make(negative ? Kind::kNegative : Kind::kPositive, line, {unary(false)});
  } else {
    value = primary();
  }
  value = postfix(value);
  return with_filters ? filters_and_tests(value) : value;
}

const Expression* ExpressionParser::name(bool with_fields) {
  const Token& token = stream_.next();
  const std::string_view text = token.text;
  if (text == "none" || text == "None") return &make(Kind::kNone, token.line);
  if (is_constant(text)) {
    Expression& made = make(Kind::kBoolean, token.line);
    made.integer = text == "true" || text == "True" ? 1 : 0;
    return &made;
  }
  const bool field = with_fields && stream_.skip_operator(".");
  Expression& made = make(field ? Kind::kNameField : Kind::kName, token.line);
  made.text = text;
  if (field) made.field = stream_.expect_name();
  return &made;
}

const Expression* ExpressionParser::primary(bool with_fields) {
  const Token& token = stream_.current();
  switch (token.kind) {
    case Token::Kind::kName:
      return name(with_fields);
    case Token::Kind::kString: {
      stream_.next();
      Expression& made = make(Kind::kText, token.line);
      made.text = token.text;
      while (stream_.is(Token::Kind::kString)) {  // strings side by side are one
        std::string whole(made.text);
        whole += stream_.next().text;
        made.text = tree_.texts.emplace_back(std::move(whole));
      }
      made.integer = static_cast<int64_t>(code_points(made.text));
      return &made;
    }
    case Token::Kind::kInteger:
    case Token::Kind::kFloat: {
      stream_.next();
      const bool whole = token.kind == Token::Kind::kInteger;
      Expression& made = make(whole ? Kind::kInteger : Kind::kFloat, token.line);
      made.integer = token.integer;
      made.real = token.real;
      return &made;
    }
    default:
      break;
  }
  if (stream_.skip_operator("(")) {
    const Level level(*this);
    const Expression* value = items(false, true, true, false, {});
    stream_.expect_operator(")");
    return value;
  }
  if (stream_.is_operator("[")) return list();
  if (stream_.is_operator("{")) return dict();
  stream_.refuse(fmt::format("unexpected {}", stream_.shown()));
}

const Expression* ExpressionParser::list() {
  const Level level(*this);
  const int line = stream_.next().line;
  Expressions values;
  while (!stream_.is_operator("]")) {
    if (!values.empty()) stream_.expect_operator(",");
    if (stream_.is_operator("]")) break;
    values.push_back(expression());
  }
  stream_.expect_operator("]");
  return &make(Kind::kList, line, std::move(values));
}

const Expression* ExpressionParser::dict() {
  const Level level(*this);
  const int line = stream_.next().line;
  Expressions values;
  while (!stream_.is_operator("}")) {
    if (!values.empty()) stream_.expect_operator(",");
    if (stream_.is_operator("}")) break;
    values.push_back(expression());
    stream_.expect_operator(":");
    values.push_back(expression());
  }
  stream_.expect_operator("}");
  return &make(Kind::kDict, line, std::move(values));
}

bool ExpressionParser::ends_tuple(std::string_view end) const {
  return stream_.is(Token::Kind::kVariableEnd) || stream_.is(Token::Kind::kBlockEnd) ||
         stream_.is_operator(")") || (!end.empty() && stream_.is_name(end));
}

const Expression* ExpressionParser::items(bool simple, bool with_condition, bool in_brackets,
                                          bool with_fields, std::string_view end) {
  const int line = stream_.line();
  Expressions values;
  bool several = false;
  for (;;) {
    if (!values.empty()) stream_.expect_operator(",");
    if (ends_tuple(end)) break;
    values.push_back(simple ? primary(with_fields) : expression(with_condition));
    if (!stream_.is_operator(",")) break;
    several = true;
  }
  if (!several) {
    if (!values.empty()) return values[0];
    if (!in_brackets)
      stream_.refuse(fmt::format("an expression is missing before {}", stream_.shown()));
  }
  return &make(Kind::kTuple, line, std::move(values));
}

const Expression* ExpressionParser::tuple(bool with_condition, std::string_view end) {
  return items(false, with_condition, false, false, end);
}

void ExpressionParser::check_target(const Expression& target) const {
  if (target.kind == Kind::kTuple) {
    for (const Expression* part : target.children) check_target(*part);
    return;
  }
  if (target.kind != Kind::kName && target.kind != Kind::kNameField)
    stream_.refuse("this cannot be assigned to");
}

const Expression* ExpressionParser::target(bool with_fields, std::string_view end) {
  const Expression* value = items(true, true, false, with_fields, end);
  check_target(*value);
  return value;
}

}  // namespace nety::jinja
