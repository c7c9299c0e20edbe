#include "core/base/plain_text.h"

#include "core/base/printable.h"

namespace nety {
namespace {

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
    const size_t length = utf8_sequence(text);
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
