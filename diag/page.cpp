// Characters are counted as code points: enough for the two languages we have.
#include "diag/page.h"

namespace nety::diag {
namespace {

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; }

/// The bytes of the first `count` characters.
size_t bytes_of(std::string_view text, size_t count) {
  size_t at = 0;
  while (at < text.size()) {
    if (!continues(text[at]) && count-- == 0) break;
    ++at;
  }
  return at;
}

/// Bytes of the well-formed UTF-8 character at `at`, 0 if there is none.
size_t length_at(std::string_view text, size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const size_t length = lead < 0x80                    ? 1
                        : lead >= 0xc2 && lead <= 0xdf ? 2
                        : lead >= 0xe0 && lead <= 0xef ? 3
                        : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                       : 0;
  if (at + length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i)
    if (!continues(text[at + i])) return 0;
  return length;
}

/// Control characters: C0, delete, and C1 (U+0080 to U+009F), whose U+009B begins escapes too.
bool is_control(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return first < ' ' || first == 0x7f;
  return first == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0;
}

}  // namespace

size_t width_of(std::string_view text) {
  size_t width = 0;
  for (const char c : text) width += continues(c) ? 0 : 1;
  return width;
}

std::string plain(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const size_t length = length_at(text, i);
    const std::string_view character = text.substr(i, length);
    if (length == 0 || is_control(character))
      out += '?';
    else
      out += character;
    i += length == 0 ? 1 : length;
  }
  return out;
}

std::string padded(std::string_view text, size_t width) {
  const size_t own = width_of(text);
  return std::string(text) + std::string(own < width ? width - own : 0, ' ');
}

std::string shortened(std::string_view text, size_t width) {
  if (width_of(text) <= width) return std::string(text);
  return std::string(text.substr(0, bytes_of(text, width < 3 ? 0 : width - 3))) + "...";
}

std::vector<std::string> wrapped(std::string_view text, size_t width) {
  std::vector<std::string> lines;
  std::string line;
  while (!text.empty()) {
    const size_t space = text.find(' ');
    std::string_view word = text.substr(0, space);
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
    if (!line.empty() && width_of(line) + 1 + width_of(word) > width) {
      lines.push_back(std::move(line));
      line.clear();
    }
    while (width_of(word) > width) {
      const size_t cut = bytes_of(word, width);
      lines.emplace_back(word.substr(0, cut));
      word.remove_prefix(cut);
    }
    if (!line.empty() && !word.empty()) line += ' ';
    line += word;
  }
  if (!line.empty()) lines.push_back(std::move(line));
  return lines;
}

std::string inked(std::string_view text, Ink ink, bool colours) {
  if (!colours || ink == Ink::kPlain) return std::string(text);
  const char* code = "";
  switch (ink) {
    case Ink::kPlain:
      break;
    case Ink::kBold:
      code = "1";
      break;
    case Ink::kRed:
      code = "31";
      break;
    case Ink::kYellow:
      code = "33";
      break;
    case Ink::kGreen:
      code = "32";
      break;
    case Ink::kDim:
      code = "2";
      break;
  }
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

}  // namespace nety::diag
