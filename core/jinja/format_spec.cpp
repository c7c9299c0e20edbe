#include "core/jinja/format_spec.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/jinja/display.h"
#include "core/jinja/failure.h"
#include "core/jinja/numbers.h"
#include "core/jinja/splitting.h"

namespace nety::jinja {
namespace {

/// What a rendering can hold is far less; digits behind a point are made before they count.
constexpr int64_t kWidest = 1 << 30, kMostDigits = 1000;

bool is_align(char c) { return c == '<' || c == '>' || c == '=' || c == '^'; }

int64_t number_at(std::string_view text, size_t& at, int64_t most) {
  int64_t value = 0;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
    value = value * 10 + (text[at++] - '0');
    if (value > most) fail_unsupported(fmt::format("a format with a number beyond {}", most));
  }
  return value;
}

std::string grouped(std::string digits) {
  const size_t end = std::min(digits.find_first_of(".e%"), digits.size());
  for (size_t at = end; at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

/// 1.5e+10 with that many digits; Python writes two digits of exponent at least, as C does.
std::string scientific(double value, int digits) {
  char text[1100];
  const auto end =
      std::to_chars(text, text + sizeof text, value, std::chars_format::scientific, digits);
  return {text, end.ptr};
}

std::string general(double value, int digits, bool alternative) {
  if (alternative) fail_unsupported("the format \"#g\"");
  char text[1100];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::general,
                                 std::max(digits, 1));
  return {text, end.ptr};
}

std::string real_digits(double value, const FormatSpec& spec) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return "inf";
  const int digits = static_cast<int>(spec.precision < 0 ? 6 : spec.precision);
  switch (spec.type) {
    case 'f':
    case 'F':
      return fixed(value, digits);
    case 'e':
    case 'E':
      return scientific(value, digits);
    case 'g':
    case 'G':
      return general(value, digits, spec.alternative);
    case '%':
      return fixed(value * 100, digits) + "%";
    default:
      if (spec.precision < 0) return repr_of(value);
      fail_unsupported("a format of a float with a precision and no type");
  }
}

std::string whole_digits(uint64_t value, char type) {
  char text[72];
  const int base = type == 'x' || type == 'X' ? 16 : type == 'o' ? 8 : type == 'b' ? 2 : 10;
  const auto end = std::to_chars(text, text + sizeof text, value, base);
  return {text, end.ptr};
}

Value number_of(Heap& heap, const Value& value, const FormatSpec& spec) {
  const bool as_real = value.is(Kind::kFloat) ||
                       std::string_view("fFeEgG%").find(spec.type) < std::string_view::npos;
  const bool real = as_real && spec.type != 0;
  std::string digits, prefix;
  bool minus = false;
  if (value.is(Kind::kFloat) || real) {
    if (value.is(Kind::kFloat) && spec.type != 0 && !real)
      fail(fmt::format("Unknown format code '{}' for object of type 'float'", spec.type));
    minus = std::signbit(value.number()) && !std::isnan(value.number());
    digits = real_digits(std::abs(value.number()), spec);
  } else {
    if (spec.precision >= 0) fail("Precision not allowed in integer format specifier");
    if (spec.type != 0 && std::string_view("dxXobn").find(spec.type) == std::string_view::npos)
      fail(fmt::format("Unknown format code '{}' for object of type 'int'", spec.type));
    const int64_t whole = value.whole();
    minus = whole < 0;
    digits = whole_digits(
        minus ? uint64_t{0} - static_cast<uint64_t>(whole) : static_cast<uint64_t>(whole),
        spec.type);
    if (spec.alternative && spec.type != 0 && spec.type != 'd')
      prefix = std::string("0") + spec.type;
  }
  if (spec.type >= 'A' && spec.type <= 'Z')
    for (char& c : digits) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (spec.grouped && (spec.zeros || spec.align == '='))
    fail_unsupported("a format with zeros and commas");
  if (spec.grouped) digits = grouped(std::move(digits));
  const std::string sign = minus ? "-" : spec.sign == '-' ? "" : std::string(1, spec.sign);
  const std::string head = sign + prefix;
  const auto size = static_cast<int64_t>(head.size() + digits.size());
  const int64_t more = std::max<int64_t>(spec.width - size, 0);
  const char align = spec.align != 0 ? spec.align : spec.zeros ? '=' : '>';
  const std::string& fill = spec.zeros && spec.align == 0 ? std::string("0") : spec.fill;
  TextBuilder out(heap);
  if (align == '=') {
    out.add(head);
    out.add(*padded(heap, *text_of(heap, digits).text, more, 0, fill).text);
    return out.finish();
  }
  const int64_t left = align == '>' ? more : align == '^' ? more / 2 : 0;
  return padded(heap, *text_of(heap, head + digits).text, left, more - left, fill);
}

}  // namespace

FormatSpec read_format_spec(std::string_view text) {
  FormatSpec spec;
  spec.empty = text.empty();
  size_t at = 0;
  const size_t first = text.empty() ? 0 : code_point_bytes(text, 0);
  if (first < text.size() && is_align(text[first])) {
    spec.fill = text.substr(0, first);
    spec.align = text[first];
    at = first + 1;
  } else if (!text.empty() && is_align(text[0])) {
    spec.align = text[at++];
  }
  const auto is = [&](char c) { return at < text.size() && text[at] == c; };
  if (is('+') || is('-') || is(' ')) spec.sign = text[at++];
  if (is('#')) spec.alternative = ++at > 0;
  if (is('0')) spec.zeros = ++at > 0;
  spec.width = number_at(text, at, kWidest);
  if (is(',')) spec.grouped = ++at > 0;
  if (is('_')) fail_unsupported("a format with '_' between digits");
  if (is('.')) {
    const size_t digits = ++at;
    spec.precision = number_at(text, at, kMostDigits);
    if (at == digits) fail("Format specifier missing precision");
  }
  if (at < text.size()) spec.type = text[at++];
  if (at < text.size()) fail("Invalid format specifier");
  return spec;
}

Value formatted(Heap& heap, const Value& value, const FormatSpec& spec) {
  if (value.is_number() && !(value.is(Kind::kBoolean) && spec.type == 0 && spec.width == 0))
    return number_of(heap, value, spec);
  if (!spec.empty && !value.is(Kind::kText))
    fail(fmt::format("unsupported format string passed to {}.__format__", type_name(value)));
  const Value text = as_text(heap, value);
  if (spec.type != 0 && spec.type != 's')
    fail(fmt::format("Unknown format code '{}' for object of type '{}'", spec.type,
                     type_name(value)));
  if (spec.align == '=' || spec.sign != '-' || spec.alternative || spec.grouped)
    fail("this format is for numbers only");
  const bool cut = spec.precision >= 0 && spec.precision < static_cast<int64_t>(text.text->length);
  const Value kept = cut ? part_of(heap, *text.text, 0,
                                   offset_of(heap, *text.text, static_cast<size_t>(spec.precision)))
                         : text;
  const int64_t more = std::max<int64_t>(spec.width - static_cast<int64_t>(kept.text->length), 0);
  const int64_t left = spec.align == '>' ? more : spec.align == '^' ? more / 2 : 0;
  return padded(heap, *kept.text, left, more - left,
                spec.zeros && spec.align == 0 ? "0" : std::string_view(spec.fill));
}

}  // namespace nety::jinja
