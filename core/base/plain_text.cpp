#include "core/base/plain_text.h"

namespace nety {
namespace {

/// Length of the valid UTF-8 sequence at the start of `text`; 0 if there is none. Rejects overlong
/// forms, surrogates and what lies beyond U+10FFFF (RFC 3629).
size_t sequence_length(std::string_view text) {
  const auto byte = [&text](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto continues = [&byte](size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return continues(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool overlong = first == 0xe0 && byte(1) < 0xa0;
    const bool surrogate = first == 0xed && byte(1) > 0x9f;
    return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool overlong = first == 0xf0 && byte(1) < 0x90;
    const bool beyond = first == 0xf4 && byte(1) > 0x8f;
    return continues(1) && continues(2) && continues(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f;
}

/// C1 controls (U+0080 to U+009F) can drive a terminal; noncharacters are not allowed in XML.
bool is_forbidden(std::string_view sequence) {
  if (sequence.size() == 2)
    return sequence[0] == '\xc2' && static_cast<unsigned char>(sequence[1]) < 0xa0;
  return sequence == "\xef\xbf\xbe" || sequence == "\xef\xbf\xbf";
}

}  // namespace

std::string clean(std::string_view text, std::string_view replacement) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t length = sequence_length(text);
    const std::string_view sequence = text.substr(0, length);
    const bool bad = length == 0 || (length == 1 && is_control(text[0])) || is_forbidden(sequence);
    out += bad ? replacement : sequence;
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

std::string one_line(std::string_view text, std::string_view replacement) {
  std::string out = clean(text, replacement);
  for (char& c : out)
    if (c == '\n' || c == '\t') c = ' ';
  return out;
}

size_t width_of(std::string_view text) {
  size_t width = 0;
  for (const char c : text)
    if ((static_cast<unsigned char>(c) & 0xc0U) != 0x80U) ++width;
  return width;
}

std::string padded(std::string_view text, size_t width, bool right) {
  const size_t used = width_of(text);
  const std::string blanks(width > used ? width - used : 0, ' ');
  return right ? blanks + std::string(text) : std::string(text) + blanks;
}

}  // namespace nety
