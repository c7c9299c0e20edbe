#include "core/grammar/decimal.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace nety::grammar {
namespace {

int compare_magnitudes(const Decimal& a, const Decimal& b) {
  if (a.whole.size() != b.whole.size()) return a.whole.size() < b.whole.size() ? -1 : 1;
  if (const int order = a.whole.compare(b.whole); order != 0) return order < 0 ? -1 : 1;
  const int order = a.fraction.compare(b.fraction);  // a prefix is the smaller, as it should be
  return order == 0 ? 0 : order < 0 ? -1 : 1;
}

}  // namespace

std::optional<Decimal> read_decimal(std::string_view text, size_t digits) {
  Decimal made;
  if (text.starts_with('-')) {
    made.negative = true;
    text.remove_prefix(1);
  }
  int64_t exponent = 0;
  if (const size_t e = text.find_first_of("eE"); e != std::string_view::npos) {
    std::string_view written = text.substr(e + 1);
    if (written.starts_with('+')) written.remove_prefix(1);
    const char* end = written.data() + written.size();
    if (std::from_chars(written.data(), end, exponent).ec != std::errc()) return std::nullopt;
    text = text.substr(0, e);
  }
  const size_t point = std::min(text.find('.'), text.size());
  std::string all(text.substr(0, point));
  if (point < text.size()) all += text.substr(point + 1);
  // The point stands behind so many digits of `all`.
  int64_t place = static_cast<int64_t>(point) + exponent;
  if (all.find_first_not_of('0') == std::string::npos) return Decimal();
  const auto limit = static_cast<int64_t>(digits);
  if (place > limit + std::ssize(all) || place < -limit) return std::nullopt;
  if (place < 0) {
    all.insert(0, static_cast<size_t>(-place), '0');
    place = 0;
  }
  if (place > std::ssize(all)) all.append(static_cast<size_t>(place - std::ssize(all)), '0');
  made.whole = all.substr(0, static_cast<size_t>(place));
  made.fraction = all.substr(static_cast<size_t>(place));
  made.whole.erase(0, std::min(made.whole.find_first_not_of('0'), made.whole.size()));
  made.fraction.erase(made.fraction.find_last_not_of('0') + 1);
  if (made.whole.size() > digits || made.fraction.size() > digits) return std::nullopt;
  return made;
}

int compare(const Decimal& a, const Decimal& b) {
  if (a.zero() && b.zero()) return 0;
  if (a.negative != b.negative) return a.negative ? -1 : 1;
  const int order = compare_magnitudes(a, b);
  return a.negative ? -order : order;
}

}  // namespace nety::grammar
