#include "core/base/printable.h"

namespace nety {
namespace {

bool is_c1(std::string_view sequence) {
  return sequence.size() == 2 && sequence[0] == '\xc2' &&
         static_cast<unsigned char>(sequence[1]) < 0xa0;
}

/// Embeddings, overrides and isolates: U+202A to U+202E, U+2066 to U+2069.
bool turns_direction(std::string_view sequence) {
  if (sequence.size() != 3 || sequence[0] != '\xe2') return false;
  const auto last = static_cast<unsigned char>(sequence[2]);
  return (sequence[1] == '\x80' && last >= 0xaa && last <= 0xae) ||
         (sequence[1] == '\x81' && last >= 0xa6 && last <= 0xa9);
}

bool is_noncharacter(std::string_view sequence) {
  return sequence == "\xef\xbf\xbe" || sequence == "\xef\xbf\xbf";
}

bool is_plain(std::string_view sequence) {
  if (sequence.size() > 1)
    return !is_c1(sequence) && !turns_direction(sequence) && !is_noncharacter(sequence);
  const auto byte = static_cast<unsigned char>(sequence[0]);
  return (byte >= 0x20 && byte != 0x7f) || byte == '\n' || byte == '\t';
}

}  // namespace

size_t utf8_sequence(std::string_view text) {
  const auto byte = [&text](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const unsigned first = byte(0), second = byte(1);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  for (size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0U) != 0x80U) return 0;
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool surrogate = first == 0xed && second > 0x9f;
  const bool beyond = first == 0xf4 && second > 0x8f;
  return overlong || surrogate || beyond ? 0 : length;
}

std::string printable(std::string_view text, std::string_view replacement) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t length = utf8_sequence(text);
    const std::string_view sequence = text.substr(0, length);
    out += length > 0 && is_plain(sequence) ? sequence : replacement;
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

std::string one_line(std::string_view text, std::string_view replacement) {
  std::string out = printable(text, replacement);
  for (char& c : out)
    if (c == '\n' || c == '\t') c = ' ';
  return out;
}

std::string printable_json(std::string json) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  size_t copied = 0;
  for (size_t i = 0; i < json.size(); ++i) {
    const bool c1 = is_c1(std::string_view(json).substr(i, 2));
    if (!c1 && json[i] != '\x7f') continue;
    const auto code = static_cast<unsigned char>(json[i + (c1 ? 1 : 0)]);
    out.append(json, copied, i - copied).append("\\u00");
    out += kDigits[code / 16];
    out += kDigits[code % 16];
    i += c1 ? 1 : 0;
    copied = i + 1;
  }
  return copied == 0 ? json : out.append(json, copied);
}

}  // namespace nety
