#include "core/grammar/json_rules.h"

#include <fmt/core.h>

#include "core/grammar/limits.h"

namespace nety::grammar {
namespace {

constexpr int32_t kWidestIndent = 128;

void add_hex_digit(Builder& builder, int32_t from, int32_t to) {
  builder.byte(from, '0', '9', to);
  builder.byte(from, 'A', 'F', to);
  builder.byte(from, 'a', 'f', to);
}

/// What stands behind "\u": a character, or a surrogate and its other half. Halves by themselves
/// are no character and are left out.
void add_code_unit(Builder& builder, int32_t rule, int32_t from, int32_t text) {
  const auto state = [&] { return builder.state(rule); };
  const int32_t three = state(), two = state(), one = state();  // digits that are missing
  builder.byte(from, '0', '9', three);
  builder.byte(from, 'A', 'C', three);
  builder.byte(from, 'a', 'c', three);
  builder.byte(from, 'E', 'F', three);
  builder.byte(from, 'e', 'f', three);
  add_hex_digit(builder, three, two);
  add_hex_digit(builder, two, one);
  add_hex_digit(builder, one, text);

  const int32_t after_d = state(), high_two = state(), high_one = state(), high = state();
  builder.byte(from, 'D', after_d);
  builder.byte(from, 'd', after_d);
  builder.byte(after_d, '0', '7', two);
  builder.byte(after_d, '8', '9', high_two);
  builder.byte(after_d, 'A', 'B', high_two);
  builder.byte(after_d, 'a', 'b', high_two);
  add_hex_digit(builder, high_two, high_one);
  add_hex_digit(builder, high_one, high);
  const int32_t low = builder.literal(high, "\\u");
  const int32_t low_d = state();
  builder.byte(low, 'D', low_d);
  builder.byte(low, 'd', low_d);
  builder.byte(low_d, 'C', 'F', two);
  builder.byte(low_d, 'c', 'f', two);
}

}  // namespace

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char value : text) {
    constexpr std::string_view kEscaped = "\"\\\b\f\n\r\t", kLetters = "\"\\bfnrt";
    const size_t place = kEscaped.find(value);
    if (place != std::string_view::npos) {
      out += '\\';
      out += kLetters[place];
    } else if (static_cast<unsigned char>(value) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(value));
    } else {
      out += value;
    }
  }
  return out + '"';
}

int32_t JsonRules::white_space() {
  if (white_space_ >= 0) return white_space_;
  white_space_ = builder_.rule("white space", 0, kWidestIndent);
  const int32_t start = builder_.start_of(white_space_);
  const int32_t space = builder_.state(white_space_), line = builder_.state(white_space_);
  builder_.byte(start, ' ', space);
  builder_.byte(start, '\n', line);
  builder_.byte(line, ' ', line, Guard::kCount);
  builder_.byte(line, '\t', line, Guard::kCount);
  for (const int32_t end : {start, space, line}) builder_.accept(end);
  return white_space_;
}

int32_t JsonRules::spaced(int32_t from, Guard guard) {
  const int32_t to = builder_.state(rule_of(from));
  builder_.call(from, white_space(), to, guard);
  return to;
}

int32_t JsonRules::colon(int32_t from) {
  const int32_t to = builder_.state(rule_of(from));
  builder_.byte(from, ':', to);
  return spaced(to);
}

TextStates JsonRules::text_states(int32_t rule, int32_t closed) {
  const auto state = [&] { return builder_.state(rule); };
  const TextStates made{state(), state(), state(), state(), state(),
                        state(), state(), state(), state()};
  const auto begins = [&](uint8_t low, uint8_t high, int32_t to) {
    builder_.byte(made.text, low, high, to, Guard::kCount);
  };
  builder_.mark_text(made.text);
  begins(0x20, '"' - 1, made.text);
  begins('"' + 1, '\\' - 1, made.text);
  begins('\\', '\\', made.escape);
  begins('\\' + 1, 0x7F, made.text);
  begins(0xC2, 0xDF, made.one);
  begins(0xE0, 0xE0, made.after_e0);
  begins(0xE1, 0xEC, made.two);
  begins(0xED, 0xED, made.after_ed);
  begins(0xEE, 0xEF, made.two);
  begins(0xF0, 0xF0, made.after_f0);
  begins(0xF1, 0xF3, made.three);
  begins(0xF4, 0xF4, made.after_f4);
  builder_.byte(made.text, '"', closed, Guard::kEnough);
  builder_.byte(made.after_e0, 0xA0, 0xBF, made.one);
  builder_.byte(made.after_ed, 0x80, 0x9F, made.one);
  builder_.byte(made.after_f0, 0x90, 0xBF, made.two);
  builder_.byte(made.after_f4, 0x80, 0x8F, made.two);
  builder_.byte(made.three, 0x80, 0xBF, made.two);
  builder_.byte(made.two, 0x80, 0xBF, made.one);
  builder_.byte(made.one, 0x80, 0xBF, made.text);
  for (const char letter : std::string_view("\"\\/bfnrt"))
    builder_.byte(made.escape, letter, made.text);
  const int32_t unit = state();
  builder_.byte(made.escape, 'u', unit);
  add_code_unit(builder_, rule, unit, made.text);
  return made;
}

int32_t JsonRules::string(int32_t least, int32_t most) {
  const auto [place, is_new] = strings_.try_emplace({least, most}, -1);
  if (!is_new) return place->second;
  const int32_t rule = place->second = builder_.rule("a string", least, most);
  const int32_t closed = builder_.state(rule);
  builder_.accept(closed);
  builder_.byte(builder_.start_of(rule), '"', text_states(rule, closed).text);
  return rule;
}

void JsonRules::add_digits(int32_t rule, bool fraction) {
  const auto state = [&] { return builder_.state(rule); };
  const int32_t start = builder_.start_of(rule);
  const int32_t minus = state(), zero = state(), digits = state();
  builder_.byte(start, '-', minus);
  for (const int32_t from : {start, minus}) {
    builder_.byte(from, '0', zero);
    builder_.byte(from, '1', '9', digits, Guard::kCount);
  }
  builder_.byte(digits, '0', '9', digits, Guard::kCount);
  builder_.accept(zero);
  builder_.accept(digits);
  if (!fraction) return;
  const int32_t point = state(), decimals = state();
  for (const int32_t from : {zero, digits}) builder_.byte(from, '.', point, Guard::kRoom);
  for (const int32_t from : {point, decimals})
    builder_.byte(from, '0', '9', decimals, Guard::kCount);
  builder_.accept(decimals);
  // Two digits: with kLongestNumber no larger than a double can be.
  const int32_t exponent = state(), sign = state(), first = state(), second = state();
  for (const int32_t from : {zero, digits, decimals}) {
    builder_.byte(from, 'e', exponent);
    builder_.byte(from, 'E', exponent);
  }
  builder_.byte(exponent, '+', sign);
  builder_.byte(exponent, '-', sign);
  for (const int32_t from : {exponent, sign}) builder_.byte(from, '0', '9', first);
  builder_.byte(first, '0', '9', second);
  builder_.accept(first);
  builder_.accept(second);
}

int32_t JsonRules::number() {
  if (number_ >= 0) return number_;
  number_ = builder_.rule("a number", 0, kLongestNumber);
  add_digits(number_, true);
  return number_;
}

int32_t JsonRules::integer() {
  if (integer_ >= 0) return integer_;
  integer_ = builder_.rule("an integer", 0, kLongestNumber);
  add_digits(integer_, false);
  return integer_;
}

int32_t JsonRules::value() {
  if (value_ >= 0) return value_;
  value_ = builder_.rule("a value");
  const int32_t start = builder_.start_of(value_), end = builder_.state(value_);
  builder_.accept(end);
  for (const char* word : {"null", "true", "false"}) builder_.literal(start, word, end);
  for (const int32_t rule : {string(), number(), object(), array()})
    builder_.call(start, rule, end);
  return value_;
}

int32_t JsonRules::object() {
  if (object_ >= 0) return object_;
  object_ = builder_.rule("an object");
  const int32_t start = builder_.start_of(object_);
  const int32_t open = builder_.state(object_), key = builder_.state(object_);
  const int32_t after = builder_.state(object_), comma = builder_.state(object_);
  const int32_t end = builder_.state(object_);
  builder_.accept(end);
  builder_.byte(start, '{', open);
  const int32_t first = spaced(open);
  builder_.byte(first, '}', end);
  builder_.call(first, string(), key);
  builder_.call(colon(key), value(), after);
  builder_.byte(after, ',', comma);
  builder_.call(spaced(comma), string(), key);
  builder_.byte(spaced(after), '}', end);
  return object_;
}

int32_t JsonRules::array() {
  if (array_ >= 0) return array_;
  array_ = builder_.rule("an array");
  const int32_t start = builder_.start_of(array_);
  const int32_t open = builder_.state(array_), after = builder_.state(array_);
  const int32_t comma = builder_.state(array_), end = builder_.state(array_);
  builder_.accept(end);
  builder_.byte(start, '[', open);
  const int32_t first = spaced(open);
  builder_.byte(first, ']', end);
  builder_.call(first, value(), after);
  builder_.byte(after, ',', comma);
  builder_.call(spaced(comma), value(), after);
  builder_.byte(spaced(after), ']', end);
  return array_;
}

}  // namespace nety::grammar
