#include "core/jinja/tests.h"

#include "core/jinja/case_mapping.h"
#include "core/jinja/display.h"
#include "core/jinja/evaluator.h"
#include "core/jinja/failure.h"
#include "core/jinja/filters.h"
#include "core/jinja/parameters.h"

namespace nety::jinja {
namespace {

/// Tests without arguments.
template <bool (*holds)(const Value&)>
bool alone(Evaluator&, const Value& value, const Arguments& arguments) {
  const Parameters given("a test", arguments, {});
  return holds(value);
}

constexpr auto is_boolean = alone<[](const Value& value) { return value.is(Kind::kBoolean); }>;
constexpr auto is_callable = alone<[](const Value& value) {
  return value.is(Kind::kMacro) || value.is(Kind::kMethod) || value.is(Kind::kFunction) ||
         value.is(Kind::kLoop) || value.is(Kind::kUndefined);
}>;
constexpr auto is_defined = alone<[](const Value& value) { return !value.is(Kind::kUndefined); }>;
constexpr auto is_undefined = alone<[](const Value& value) { return value.is(Kind::kUndefined); }>;
constexpr auto is_escaped =
    alone<[](const Value& value) { return value.is(Kind::kText) && value.text->safe; }>;
constexpr auto is_false =
    alone<[](const Value& value) { return value.is(Kind::kBoolean) && !value.boolean; }>;
constexpr auto is_true =
    alone<[](const Value& value) { return value.is(Kind::kBoolean) && value.boolean; }>;
constexpr auto is_float = alone<[](const Value& value) { return value.is(Kind::kFloat); }>;
constexpr auto is_integer = alone<[](const Value& value) { return value.is(Kind::kInteger); }>;
constexpr auto is_number = alone<[](const Value& value) { return value.is_number(); }>;
constexpr auto is_iterable_value = alone<is_iterable>;
constexpr auto is_mapping = alone<[](const Value& value) { return value.is(Kind::kMapping); }>;
constexpr auto is_none = alone<[](const Value& value) { return value.is(Kind::kNone); }>;
constexpr auto is_string = alone<[](const Value& value) { return value.is(Kind::kText); }>;
/// Has a length and items by index: an undefined value has them too.
constexpr auto is_sequence = alone<[](const Value& value) {
  return length_of(value).has_value() && !value.is(Kind::kView);
}>;

bool compared(Evaluator& evaluator, const Value& value, const Arguments& arguments,
              std::string_view word) {
  const Parameters given("a test that compares", arguments, {"other"});
  return compare(evaluator.heap(), word, value, given.get("other"));
}
template <char first, char second>
bool by(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  constexpr char kWord[] = {first, second};
  return compared(evaluator, value, arguments, std::string_view(kWord, second == 0 ? 1 : 2));
}
constexpr auto is_equal = by<'=', '='>;
constexpr auto is_unequal = by<'!', '='>;
constexpr auto is_less = by<'<', 0>;
constexpr auto is_at_most = by<'<', '='>;
constexpr auto is_greater = by<'>', 0>;
constexpr auto is_at_least = by<'>', '='>;
constexpr auto is_in = by<'i', 'n'>;

bool divides(Evaluator& evaluator, const Value& value, const Value& by_what, int64_t rest) {
  const Value found = binary(evaluator.heap(), "%", value, by_what);
  return equal(evaluator.heap(), found, of(rest));
}
bool is_divisible(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the test divisibleby", arguments, {"num"});
  return divides(evaluator, value, given.get("num"), 0);
}
bool is_even(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the test even", arguments, {});
  return divides(evaluator, value, of(int64_t{2}), 0);
}
bool is_odd(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the test odd", arguments, {});
  return divides(evaluator, value, of(int64_t{2}), 1);
}

void expect_hashable(const Value& value) {
  if (value.is(Kind::kList) || value.is(Kind::kMapping)) fail("unhashable type");
}
bool is_filter(Evaluator&, const Value& value, const Arguments&) {
  expect_hashable(value);
  return value.is(Kind::kText) && find_filter(value.text->bytes) != nullptr;
}
bool is_test(Evaluator&, const Value& value, const Arguments&) {
  expect_hashable(value);
  return value.is(Kind::kText) && find_test(value.text->bytes) != nullptr;
}

bool is_lower_case(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the test lower", arguments, {});
  return is_lower(as_text(evaluator.heap(), value).text->bytes);
}
bool is_upper_case(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the test upper", arguments, {});
  return is_upper(as_text(evaluator.heap(), value).text->bytes);
}

/// Python's "is": the same object. Small numbers and texts that are equal are taken for one.
bool is_same(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the test sameas", arguments, {"other"});
  const Value& other = given.get("other");
  if (value.kind != other.kind) return false;
  const bool by_address = value.is_sequence() || value.is(Kind::kMapping);
  return by_address ? value.items == other.items : equal(evaluator.heap(), value, other);
}

constexpr TestRow kTests[] = {
#define NETY_JINJA_TEST(name, function) {name, function},
#include "core/jinja/tests.def"
#undef NETY_JINJA_TEST
};

}  // namespace

const TestRow* find_test(std::string_view name) {
  for (const TestRow& row : kTests)
    if (row.name == name) return &row;
  return nullptr;
}

}  // namespace nety::jinja
