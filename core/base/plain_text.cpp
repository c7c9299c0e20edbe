#include "core/base/plain_text.h"

namespace nety {

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
