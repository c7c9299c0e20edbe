// See text.h: from_chars only, so that no locale and no exception comes into it.
#include "core/machine/text.h"

namespace nety::machine {
namespace {

constexpr std::string_view kSpace = " \t\r\n\v\f";

template <class T>
std::optional<T> parsed(std::string_view text) {
  T value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc() || stop != end) return std::nullopt;
  return value;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t end = text.find(separator);
    if (end > 0) parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return parts;
}

std::string single_spaced(std::string_view text) {
  std::string out;
  for (const char c : trimmed(text)) {
    const bool space = static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
    if (!space) out += c;
    if (space && !out.empty() && out.back() != ' ') out += ' ';
  }
  return out;
}

std::string value_of(const Answer<std::string>& file, std::string_view key, char separator) {
  if (!file) return {};
  for (const std::string_view line : split(*file.value, '\n')) {
    const size_t at = line.find(separator);
    if (at != std::string_view::npos && trimmed(line.substr(0, at)) == key)
      return std::string(trimmed(line.substr(at + 1)));
  }
  return {};
}

std::optional<uint64_t> number_in(std::string_view text, std::string_view unit) {
  text = trimmed(text);
  if (!unit.empty() && text.ends_with(unit))
    text = trimmed(text.substr(0, text.size() - unit.size()));
  return parsed<uint64_t>(text);
}

std::optional<int64_t> signed_number_in(std::string_view text) {
  return parsed<int64_t>(trimmed(text));
}

}  // namespace nety::machine
