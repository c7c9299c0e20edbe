// Expressions.
#include <fmt/core.h>

#include "core/jinja/display.h"
#include "core/jinja/evaluator.h"
#include "core/jinja/failure.h"
#include "core/jinja/filters.h"
#include "core/jinja/functions.h"
#include "core/jinja/methods.h"
#include "core/jinja/slices.h"
#include "core/jinja/tests.h"
#include "core/tokenizer/unicode.h"

namespace nety::jinja {

Value Evaluator::evaluate(const Expression& expression) {
  using Is = Expression::Kind;
  const Heap::Level level(heap_);
  heap_.step();
  line_ = expression.line;
  const auto child = [&](size_t i) { return evaluate(*expression.children[i]); };
  switch (expression.kind) {
    case Is::kNone:
      return none();
    case Is::kBoolean:
      return of(expression.integer != 0);
    case Is::kInteger:
      return of(expression.integer);
    case Is::kFloat:
      return of(expression.real);
    case Is::kText:
      return of(heap_.make<Text>(expression.text, static_cast<size_t>(expression.integer)));
    case Is::kName:
    case Is::kNameField:
      return evaluate_name(expression);
    case Is::kList:
    case Is::kTuple:
      return evaluate_items(expression);
    case Is::kDict:
      return evaluate_dict(expression);
    case Is::kAttribute:
      return attribute(child(0), expression.text);
    case Is::kItem: {
      const Value value = child(0);
      return item(value, child(1));
    }
    case Is::kSlice:
      return evaluate_slice(expression);
    case Is::kCall: {
      const Value callee = child(0);
      const Arguments arguments = evaluate_arguments(expression.arguments);
      line_ = expression.line;
      return call(callee, arguments);
    }
    case Is::kFilter:
      return evaluate_filter(expression, child(0));
    case Is::kTest:
      return evaluate_test(expression);
    case Is::kNot:
      return of(!truth(child(0)));
    case Is::kNegative:
      return negative(child(0));
    case Is::kPositive:
      return positive(child(0));
    case Is::kAnd:
    case Is::kOr: {
      const Value left = child(0);
      return truth(left) == (expression.kind == Is::kOr) ? left : child(1);
    }
    case Is::kBinary: {
      const Value left = child(0);
      const Value right = child(1);
      line_ = expression.line;
      return binary(heap_, expression.text, left, right);
    }
    case Is::kConcatenate:
      return evaluate_concatenation(expression);
    case Is::kCompare:
      return evaluate_compare(expression);
    case Is::kCondition:
      return evaluate_condition(expression);
  }
  return {};
}

Value Evaluator::evaluate_name(const Expression& expression) {
  const Value* found = scope_->find(heap_, expression.text);
  const bool hidden = found != nullptr && found->is(Kind::kUndefined) && found->hint == nullptr;
  if (found != nullptr && !hidden) return *found;
  if (const Function* function = hidden ? nullptr : find_function(expression.text))
    return of(function);
  return undefined(heap_, fmt::format("{} is undefined", tokenizer::quote(expression.text)));
}

Value Evaluator::evaluate_items(const Expression& expression) {
  ValueList values(heap_);
  for (const Expression* part : expression.children) values.add(evaluate(*part));
  return expression.kind == Expression::Kind::kList ? values.list() : values.tuple();
}

Value Evaluator::evaluate_dict(const Expression& expression) {
  MappingBuilder mapping(heap_);
  for (size_t i = 0; i + 1 < expression.children.size(); i += 2) {
    const Value key = evaluate(*expression.children[i]);
    mapping.set(key, evaluate(*expression.children[i + 1]));
  }
  return mapping.finish();
}

Value Evaluator::evaluate_concatenation(const Expression& expression) {
  ValueList parts(heap_);
  for (const Expression* part : expression.children) parts.add(evaluate(*part));
  TextBuilder text(heap_);
  for (const Value& part : parts.values()) add_text(heap_, part, text);
  return text.finish();
}

Value Evaluator::evaluate_slice(const Expression& expression) {
  const auto bound = [&](size_t i) {
    return expression.children[i] == nullptr ? none() : evaluate(*expression.children[i]);
  };
  const Value value = evaluate(*expression.children[0]);
  const Value begin = bound(1);
  const Value end = bound(2);
  const Value step = bound(3);
  line_ = expression.line;
  return slice(heap_, value, begin, end, step);
}

Value Evaluator::evaluate_compare(const Expression& expression) {
  Value left = evaluate(*expression.children[0]);
  for (size_t i = 0; i < expression.operators.size(); ++i) {
    const Value right = evaluate(*expression.children[i + 1]);
    line_ = expression.line;
    if (!compare(heap_, expression.operators[i], left, right)) return of(false);
    left = right;
  }
  return of(true);
}

Value Evaluator::evaluate_condition(const Expression& expression) {
  if (truth(evaluate(*expression.children[0]))) return evaluate(*expression.children[1]);
  if (expression.children[2] != nullptr) return evaluate(*expression.children[2]);
  return undefined(heap_, "an inline if without else was false");
}

Value Evaluator::evaluate_filter(const Expression& expression, const Value& value) {
  const Arguments arguments = evaluate_arguments(expression.arguments);
  line_ = expression.line;
  if (expression.filter == nullptr)
    fail_unsupported(fmt::format("the filter {}", tokenizer::quote(expression.text)));
  return expression.filter->run(*this, value, arguments);
}

Value Evaluator::evaluate_test(const Expression& expression) {
  const Value value = evaluate(*expression.children[0]);
  const Arguments arguments = evaluate_arguments(expression.arguments);
  line_ = expression.line;
  if (expression.test == nullptr)
    fail_unsupported(fmt::format("the test {}", tokenizer::quote(expression.text)));
  return of(expression.test->holds(*this, value, arguments));
}

Arguments Evaluator::evaluate_arguments(const CallArguments& given) {
  Arguments found;
  const auto add_named = [&](std::string_view name, const Value& value) {
    for (const Arguments::Named& one : found.named)
      if (one.name == name) fail(fmt::format("the argument \"{}\" is given twice", name));
    heap_.take(sizeof(Arguments::Named));
    found.named.push_back({name, value});
  };
  for (const Expression* value : given.values) found.values.push_back(evaluate(*value));
  for (const CallArguments::Named& one : given.named) add_named(one.name, evaluate(*one.value));
  if (given.more_values != nullptr) {
    const Value more = evaluate(*given.more_values);
    for (const Value& value : items_in(heap_, more)) {
      heap_.take(sizeof(Value));
      found.values.push_back(value);
    }
  }
  if (given.more_named != nullptr) {
    const Value more = evaluate(*given.more_named);
    if (!more.is(Kind::kMapping)) fail("what stands behind ** is not a mapping");
    for (const Pair& pair : more.mapping->pairs) {
      if (!pair.key.is(Kind::kText)) fail("keywords must be strings");
      heap_.step(found.named.size());
      add_named(pair.key.text->bytes, pair.value);
    }
  }
  return found;
}

Value Evaluator::call(const Value& callee, const Arguments& arguments) {
  const Heap::Level level(heap_);
  heap_.step();
  expect_defined(callee);
  switch (callee.kind) {
    case Kind::kMacro:
      return call_macro(*callee.macro, arguments);
    case Kind::kLoop:
      return call_loop(*callee.loop, arguments);
    case Kind::kFunction:
      return callee.function->run(*this, arguments);
    case Kind::kMethod:
      return call_method(*this, *callee.method, arguments);
    default:
      fail(fmt::format("'{}' object is not callable", type_name(callee)));
  }
}

Value Evaluator::attribute(const Value& value, std::string_view name) {
  heap_.step();
  expect_defined(value);
  if (value.is(Kind::kLoop))
    if (const std::optional<Value> found = loop_attribute(*value.loop, name)) return *found;
  if (const std::optional<Value> found = attribute_of(heap_, value, name)) return *found;
  if (value.is(Kind::kMapping))
    if (const Value* found = find(heap_, *value.mapping, name)) return *found;
  return undefined(heap_, fmt::format("'{} object' has no attribute {}", type_name(value),
                                      tokenizer::quote(name)));
}

Value Evaluator::item(const Value& value, const Value& key) {
  heap_.step();
  expect_defined(value);
  if (const std::optional<Value> found = element_of(heap_, value, key)) return *found;
  if (!key.is(Kind::kText))
    return undefined(heap_, fmt::format("{} object has no such element", type_name(value)));
  const std::string_view name = key.text->bytes;
  if (value.is(Kind::kLoop))
    if (const std::optional<Value> found = loop_attribute(*value.loop, name)) return *found;
  if (const std::optional<Value> found = attribute_of(heap_, value, name)) return *found;
  return undefined(heap_, fmt::format("'{} object' has no attribute {}", type_name(value),
                                      tokenizer::quote(name)));
}

}  // namespace nety::jinja
