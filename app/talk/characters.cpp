#include "app/talk/characters.h"

#include <algorithm>

#include <utf8proc.h>

#include "core/base/printable.h"

namespace nety::talk {
namespace {

constexpr utf8proc_int32_t kEmojiStyle = 0xfe0f;  // asks for a picture, which is wide

/// The code point at `at`, and its bytes.
std::pair<utf8proc_int32_t, size_t> code_point(std::string_view text, size_t at) {
  utf8proc_int32_t value = 0;
  const utf8proc_ssize_t bytes =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
                       static_cast<utf8proc_ssize_t>(text.size() - at), &value);
  if (bytes <= 0) return {0xfffd, 1};
  return {value, static_cast<size_t>(bytes)};
}

size_t columns_of(utf8proc_int32_t value) {
  return static_cast<size_t>(std::max(0, utf8proc_charwidth(value)));
}

}  // namespace

Character first_character(std::string_view text) {
  auto [last, bytes] = code_point(text, 0);
  Character found{.bytes = bytes, .columns = columns_of(last)};
  found.wide = found.columns > 1;
  utf8proc_int32_t state = 0;
  while (found.bytes < text.size()) {
    const auto [next, more] = code_point(text, found.bytes);
    if (utf8proc_grapheme_break_stateful(last, next, &state)) {
      found.whole = true;
      break;
    }
    found.bytes += more;
    if (next == kEmojiStyle) {
      found.columns = std::max<size_t>(found.columns, 2);
      found.wide = true;
    } else {
      found.columns += columns_of(next);
    }
    last = next;
  }
  return found;
}

size_t columns_of(std::string_view text) {
  size_t columns = 0;
  while (!text.empty()) {
    const Character one = first_character(text);
    columns += one.columns;
    text.remove_prefix(one.bytes);
  }
  return columns;
}

}  // namespace nety::talk
