// Patterns against std::regex, and numbers against comparisons, for arbitrary ones: RapidCheck
// looks for a counter-example.
#include <gtest/gtest.h>
// After gtest, as it needs.
#include <rapidcheck/gtest.h>

#include <fmt/core.h>

#include <regex>

#include "core/grammar/char_dfa.h"
#include "core/grammar/number_range.h"
#include "tests/grammar/accepts.h"

namespace nety::grammar {
namespace {

rc::Gen<std::string> any_pattern(int depth) {
  const auto atom =
      rc::gen::element<std::string>("a", "b", "c", ".", "[ab]", "[^a]", "[a-c]", "\\d", "\\w",
                                    "\\W", "x1", "\\.", "[\\d.-]", "(?:ab|c)");
  if (depth == 0) return atom;
  const rc::Gen<std::string> inner = any_pattern(depth - 1);
  const auto repeated = rc::gen::apply(
      [](const std::string& part, const std::string& count) { return "(?:" + part + ")" + count; },
      inner, rc::gen::element<std::string>("*", "+", "?", "{2}", "{1,3}", "{2,}", "*?"));
  const auto joined = rc::gen::apply(std::plus<std::string>(), inner, inner);
  const auto either = rc::gen::apply(
      [](const std::string& a, const std::string& b) { return "(?:" + a + "|" + b + ")"; }, inner,
      inner);
  return rc::gen::oneOf(atom, repeated, joined, either);
}

RC_GTEST_PROP(Pattern, MatchesWhatEcmaScriptMatches, ()) {
  const bool begin = *rc::gen::arbitrary<bool>(), end = *rc::gen::arbitrary<bool>();
  const std::string pattern = (begin ? "^" : "") + *any_pattern(3) + (end ? "$" : "");
  const PatternNfa nfa = read_pattern(pattern, "test");
  const CharDfa dfa = CharDfa::of({&nfa, 1}, "test");
  // libstdc++'s other way to match: nested repetitions would take it years by backtracking.
  const std::regex expected(pattern, std::regex::ECMAScript | std::regex_constants::__polynomial);
  for (int i = 0; i < 20; ++i) {
    const auto text = *rc::gen::container<std::string>(
        rc::gen::element('a', 'b', 'c', '1', '.', '-', 'x', ' ', '\n', '_'));
    RC_ASSERT((dfa.labels_of(text) != 0) == std::regex_search(text, expected));
  }
}

TEST(Pattern, KnowsCharactersBeyondAscii) {
  const PatternNfa nfa = read_pattern("^[\\u00e0-\\u{1F600}]{2}\\s\xc3\xa9$", "test");
  const CharDfa dfa = CharDfa::of({&nfa, 1}, "test");
  EXPECT_NE(dfa.labels_of("\xc3\xa9\xf0\x9f\x98\x80\xe3\x80\x80\xc3\xa9"), 0U);
  EXPECT_EQ(dfa.labels_of("\xc3\xa9\xf0\x9f\x98\x81\xe3\x80\x80\xc3\xa9"), 0U);
  EXPECT_EQ(dfa.labels_of("ab \xc3\xa9"), 0U);
}

TEST(Pattern, AnchorsInsideAlternativesHoldForThem) {
  const PatternNfa nfa = read_pattern("^a|b$|^$", "test");
  const CharDfa dfa = CharDfa::of({&nfa, 1}, "test");
  for (const char* text : {"a", "axx", "xxb", ""}) EXPECT_NE(dfa.labels_of(text), 0U) << text;
  for (const char* text : {"xa", "bx", "x"}) EXPECT_EQ(dfa.labels_of(text), 0U) << text;
}

TEST(Pattern, LengthsAreOfTheWholeText) {
  const PatternNfa nfa = read_pattern("a", "test");
  const CharDfa dfa = CharDfa::of({&nfa, 1}, "test").of_length(2, 4, "test");
  for (const char* text : {"ax", "xxxa"}) EXPECT_NE(dfa.labels_of(text), 0U) << text;
  for (const char* text : {"a", "xxxxa", "xx"}) EXPECT_EQ(dfa.labels_of(text), 0U) << text;
}

RC_GTEST_PROP(NumberRange, TakesTheIntegersBetweenItsBounds, ()) {
  const auto any =
      rc::gen::oneOf(rc::gen::inRange<int64_t>(-20, 20), rc::gen::inRange<int64_t>(-5000, 5000),
                     rc::gen::inRange<int64_t>(-1'000'000'000'000, 1'000'000'000'000));
  const int64_t least = *any, most = *any;
  const bool open = *rc::gen::arbitrary<bool>();
  const int64_t multiple = *rc::gen::inRange<int64_t>(1, 12);
  RC_PRE(least <= most);
  const std::string schema =
      fmt::format(R"({{"type":"integer","minimum":{},"{}":{},"multipleOf":{}}})", least,
                  open ? "exclusiveMaximum" : "maximum", most, multiple);
  const auto valid = [&](int64_t value) {
    return value >= least && (open ? value < most : value <= most) && value % multiple == 0;
  };
  bool some = false;
  for (int64_t value = least; value <= std::min(most, least + multiple) && !some; ++value)
    some = valid(value);
  RC_PRE(some);
  const Grammar grammar = Grammar::of_schema_text(schema);
  for (const int64_t near : {least, most, int64_t{0}, (least + most) / 2})
    for (int64_t value = near - 3; value <= near + 3; ++value)
      RC_ASSERT(accepts(grammar, std::to_string(value)) == valid(value));
}

std::string hundredths(int64_t value, bool shortest) {
  std::string text =
      fmt::format("{}{}.{:02}", value < 0 ? "-" : "", std::abs(value) / 100, std::abs(value) % 100);
  while (shortest && text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

RC_GTEST_PROP(NumberRange, TakesTheDecimalsBetweenItsBounds, ()) {
  const auto any = rc::gen::oneOf(rc::gen::inRange<int64_t>(-300, 300),
                                  rc::gen::inRange<int64_t>(-99999, 99999));
  const int64_t least = *any, most = *any;
  const bool open = *rc::gen::arbitrary<bool>();
  RC_PRE(least < most);
  const Grammar grammar = Grammar::of_schema_text(fmt::format(
      R"({{"type":"number","{}":{},"maximum":{}}})", open ? "exclusiveMinimum" : "minimum",
      hundredths(least, true), hundredths(most, true)));
  for (int i = 0; i < 30; ++i) {
    const int64_t near = *rc::gen::element(least, most, int64_t{0}, (least + most) / 2);
    const int64_t value = near + *rc::gen::inRange<int64_t>(-120, 121);
    const bool valid = value <= most && (open ? value > least : value >= least);
    RC_ASSERT(accepts(grammar, hundredths(value, false)) == valid);
    RC_ASSERT(accepts(grammar, hundredths(value, true)) == valid);
  }
}

}  // namespace
}  // namespace nety::grammar
