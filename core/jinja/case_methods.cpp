// Methods of str about upper and lower case and kinds of characters. The rules are Unicode's, with
// the full case mappings of SpecialCasing.txt that do not depend on a language.
#include <utf8proc.h>

#include <algorithm>

#include "core/jinja/case_mapping.h"
#include "core/jinja/display.h"
#include "core/jinja/evaluator.h"
#include "core/jinja/methods.h"
#include "core/jinja/parameters.h"
#include "core/tokenizer/unicode.h"

namespace nety::jinja {
namespace {

template <std::string (*change)(std::string_view)>
Value changed(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  const Parameters given("a method that changes case", arguments, {});
  evaluator.heap().step(self.text->bytes.size() / 4);
  evaluator.heap().take(self.text->bytes.size() * 3);
  return whole_of(evaluator.heap(), change(self.text->bytes), *self.text);
}

utf8proc_category_t category_of(char32_t value) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(value));
}

bool is_letter(char32_t value) {
  const utf8proc_category_t category = category_of(value);
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}
bool is_decimal(char32_t value) { return category_of(value) == UTF8PROC_CATEGORY_ND; }
bool is_digit(char32_t value) {
  return is_decimal(value) || value == 0xb2 || value == 0xb3 || value == 0xb9 || value == 0x2070 ||
         (value >= 0x2074 && value <= 0x2079) || (value >= 0x2080 && value <= 0x2089);
}
bool is_letter_or_number(char32_t value) {
  return is_letter(value) || tokenizer::is_numeric(value);
}
bool is_ascii(char32_t value) { return value < 0x80; }

/// Whether all characters are of a kind; `empty` where there are none.
template <bool (*fits)(char32_t), bool empty>
Value all_are(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  const Parameters given("a method about kinds of characters", arguments, {});
  const std::string_view bytes = self.text->bytes;
  evaluator.heap().step(bytes.size() / 8);
  for (size_t at = 0; at < bytes.size();) {
    const tokenizer::CodePoint point = tokenizer::code_point_at(bytes, at);
    if (!fits(point.value)) return of(false);
    at += point.bytes;
  }
  return of(empty || !bytes.empty());
}

template <bool (*holds)(std::string_view)>
Value cased_so(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  const Parameters given("a method about case", arguments, {});
  evaluator.heap().step(self.text->bytes.size() / 8);
  return of(holds(self.text->bytes));
}

constexpr MethodRow kMethods[] = {
    {"upper", changed<upper_case>},
    {"lower", changed<lower_case>},
    {"capitalize", changed<capitalized>},
    {"title", changed<title_case>},
    {"swapcase", changed<swapped_case>},
    {"casefold", nullptr},
    {"isupper", cased_so<is_upper>},
    {"islower", cased_so<is_lower>},
    {"istitle", cased_so<is_title>},
    {"isalpha", all_are<is_letter, false>},
    {"isalnum", all_are<is_letter_or_number, false>},
    {"isdecimal", all_are<is_decimal, false>},
    {"isdigit", all_are<is_digit, false>},
    {"isnumeric", all_are<tokenizer::is_numeric, false>},
    {"isspace", all_are<is_blank, false>},
    {"isascii", all_are<is_ascii, true>},
    {"isprintable", all_are<is_printable, true>},
};

}  // namespace

std::span<const MethodRow> case_methods() { return kMethods; }

}  // namespace nety::jinja
