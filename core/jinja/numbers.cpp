#include "core/jinja/numbers.h"

#include <fmt/core.h>

#include <charconv>
#include <cmath>

#include "core/jinja/failure.h"
#include "core/jinja/text.h"

namespace nety::jinja {
namespace {

[[noreturn]] void too_big() { fail_unsupported("an integer beyond 64 bits"); }

int64_t floor_divide(int64_t a, int64_t b) {
  if (b == 0) fail("integer division or modulo by zero");
  if (b == -1) {
    if (a == INT64_MIN) too_big();
    return -a;
  }
  return a / b - ((a % b != 0 && (a < 0) != (b < 0)) ? 1 : 0);
}

int64_t floor_modulo(int64_t a, int64_t b) {
  if (b == 0) fail("integer division or modulo by zero");
  if (b == -1) return 0;
  const int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

Value power(int64_t base, int64_t exponent) {
  if (exponent < 0) {
    if (base == 0) fail("0.0 cannot be raised to a negative power");
    return of(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
  }
  if (base == 0 || base == 1) return of(exponent == 0 ? int64_t{1} : base);
  if (base == -1) return of(exponent % 2 == 0 ? int64_t{1} : int64_t{-1});
  int64_t result = 1;
  for (; exponent > 0; --exponent)
    if (__builtin_mul_overflow(result, base, &result)) too_big();
  return of(result);
}

Value whole_arithmetic(std::string_view word, int64_t a, int64_t b) {
  int64_t result = 0;
  if (word == "+") {
    if (__builtin_add_overflow(a, b, &result)) too_big();
  } else if (word == "-") {
    if (__builtin_sub_overflow(a, b, &result)) too_big();
  } else if (word == "*") {
    if (__builtin_mul_overflow(a, b, &result)) too_big();
  } else if (word == "//") {
    result = floor_divide(a, b);
  } else if (word == "%") {
    result = floor_modulo(a, b);
  } else if (word == "/") {
    if (b == 0) fail("division by zero");
    return of(static_cast<double>(static_cast<long double>(a) / static_cast<long double>(b)));
  } else {
    return power(a, b);
  }
  return of(result);
}

/// CPython's float_divmod.
void divide(double a, double b, double& quotient, double& rest) {
  if (b == 0) fail("float floor division by zero");
  rest = std::fmod(a, b);
  double whole = (a - rest) / b;
  if (rest != 0) {
    if ((b < 0) != (rest < 0)) {
      rest += b;
      whole -= 1;
    }
  } else {
    rest = std::copysign(0.0, b);
  }
  if (whole != 0) {
    quotient = std::floor(whole);
    if (whole - quotient > 0.5) quotient += 1;
  } else {
    quotient = std::copysign(0.0, a / b);
  }
}

double real_arithmetic(std::string_view word, double a, double b) {
  if (word == "+") return a + b;
  if (word == "-") return a - b;
  if (word == "*") return a * b;
  if (word == "/") {
    if (b == 0) fail("float division by zero");
    return a / b;
  }
  if (word == "**") {
    if (a == 0 && b < 0) fail("0.0 cannot be raised to a negative power");
    if (a < 0 && std::isfinite(a) && std::isfinite(b) && b != std::floor(b))
      fail_unsupported("a complex number");
    const double result = std::pow(a, b);
    if (std::isinf(result) && std::isfinite(a) && std::isfinite(b)) fail("the result is too large");
    return result;
  }
  double quotient = 0, rest = 0;
  divide(a, b, quotient, rest);
  return word == "//" ? quotient : rest;
}

/// "d.ddde-XX" as Python lays it out.
std::string with_exponent(std::string_view text) {
  const size_t e = text.find('e');
  std::string out(text.substr(0, e));
  if (out.ends_with(".0")) out.resize(out.size() - 2);
  return out + std::string(text.substr(e));
}

/// Digits without underscores between them; nothing if one stands elsewhere.
std::optional<std::string> plain_digits(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out += text[i];
      continue;
    }
    const auto digit = [&](size_t at) {
      return at < text.size() && std::isxdigit(static_cast<unsigned char>(text[at])) != 0;
    };
    if (i == 0 || !digit(i - 1) || !digit(i + 1)) return std::nullopt;
  }
  return out;
}

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && (text[0] == ' ' || (text[0] >= '\t' && text[0] <= '\r')))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || (text.back() >= '\t' && text.back() <= '\r')))
    text.remove_suffix(1);
  return text;
}

}  // namespace

int order_of(const Value& a, const Value& b) {
  if (a.is_whole() && b.is_whole())
    return a.whole() < b.whole() ? -1 : a.whole() > b.whole() ? 1 : 0;
  // 64 bits of mantissa hold both kinds exactly.
  const auto exact = [](const Value& value) {
    return value.is(Kind::kFloat) ? static_cast<long double>(value.real)
                                  : static_cast<long double>(value.whole());
  };
  const long double x = exact(a), y = exact(b);
  return x < y ? -1 : x > y ? 1 : x == y ? 0 : kUnordered;
}

Value arithmetic(std::string_view word, const Value& a, const Value& b) {
  if (a.is_whole() && b.is_whole()) return whole_arithmetic(word, a.whole(), b.whole());
  return of(real_arithmetic(word, a.number(), b.number()));
}

std::string repr_of(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char scientific[64];
  const auto end = std::to_chars(scientific, scientific + sizeof scientific, value,
                                 std::chars_format::scientific);
  const std::string_view text(scientific, static_cast<size_t>(end.ptr - scientific));
  int exponent = 0;
  std::string_view power = text.substr(text.find('e') + 1);
  if (power.starts_with('+')) power.remove_prefix(1);
  std::from_chars(power.data(), power.data() + power.size(), exponent);
  if (value != 0 && (exponent < -4 || exponent >= 16)) return with_exponent(text);
  char plain[64];
  const auto plain_end =
      std::to_chars(plain, plain + sizeof plain, value, std::chars_format::fixed);
  std::string out(plain, plain_end.ptr);
  return out.find('.') == std::string::npos ? out + ".0" : out;
}

std::optional<int64_t> integer_in(std::string_view given, int base) {
  std::string_view text = without_blanks(given);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.size() > 2 && text[0] == '0') {
    const char kind = static_cast<char>(text[1] | 0x20);
    const int named = kind == 'x' ? 16 : kind == 'o' ? 8 : kind == 'b' ? 2 : 0;
    if (named != 0 && (base == named || base == 0)) {
      base = named;
      text.remove_prefix(text[2] == '_' ? 3 : 2);
    }
  }
  if (base == 0) base = 10;
  if (base < 2 || base > 36) return std::nullopt;
  const std::optional<std::string> digits = plain_digits(text);
  if (!digits || digits->empty() || !std::isalnum(static_cast<unsigned char>((*digits)[0])))
    return std::nullopt;
  uint64_t value = 0;
  const char* last = digits->data() + digits->size();
  const auto read = std::from_chars(digits->data(), last, value, base);
  if (read.ptr != last) return std::nullopt;
  if (read.ec != std::errc() || value > static_cast<uint64_t>(INT64_MAX)) too_big();
  return negative ? -static_cast<int64_t>(value) : static_cast<int64_t>(value);
}

std::optional<double> real_in(std::string_view given) {
  std::string_view text = without_blanks(given);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const std::optional<std::string> digits = plain_digits(text);
  if (!digits || digits->empty() || (*digits)[0] == '-' || (*digits)[0] == '+' ||
      digits->find_first_of("(pP") != std::string::npos)
    return std::nullopt;
  double value = 0;
  const char* last = digits->data() + digits->size();
  const auto read = std::from_chars(digits->data(), last, value);
  if (read.ptr != last || read.ec == std::errc::invalid_argument) return std::nullopt;
  if (read.ec == std::errc::result_out_of_range) value = std::strtod(digits->c_str(), nullptr);
  return negative ? -value : value;
}

int64_t truncated(double value) {
  if (std::isnan(value)) fail("cannot convert float NaN to integer");
  if (std::isinf(value)) fail("cannot convert float infinity to integer");
  if (std::abs(value) >= 9223372036854775808.0) too_big();
  return static_cast<int64_t>(value);
}

std::string fixed(double value, int digits) {
  std::string text(400 + static_cast<size_t>(digits), ' ');
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value,
                                 std::chars_format::fixed, digits);
  text.resize(static_cast<size_t>(end.ptr - text.data()));
  return text;
}

double rounded(double value, int64_t digits) {
  if (!std::isfinite(value) || value == 0 || digits > 323) return value;
  if (digits < -308) return std::copysign(0.0, value);
  if (digits >= 0) {
    const std::string text = fixed(value, static_cast<int>(digits));
    double result = 0;
    std::from_chars(text.data(), text.data() + text.size(), result);
    return result;
  }
  const double unit = std::pow(10.0, static_cast<double>(-digits));
  return std::nearbyint(value / unit) * unit;
}

}  // namespace nety::jinja
