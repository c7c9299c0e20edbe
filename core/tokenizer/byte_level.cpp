// The map of OpenAI's GPT-2 encoder: printable Latin-1 stands for itself, the other 68 bytes are
// U+0100 and up in their order.
#include "core/tokenizer/byte_level.h"

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/tokenizer/unicode.h"

namespace nety::tokenizer {
namespace {

constexpr size_t kAlphabetEnd = 0x100 + 68;

struct Map {
  std::array<uint16_t, 256> character{};
  std::array<int16_t, kAlphabetEnd> byte{};
};

constexpr bool stands_for_itself(int byte) {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

constexpr Map kMap = [] {
  Map map;
  for (auto& byte : map.byte) byte = -1;
  uint16_t next = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    const uint16_t value = stands_for_itself(byte) ? static_cast<uint16_t>(byte) : next++;
    map.character[static_cast<size_t>(byte)] = value;
    map.byte[value] = static_cast<int16_t>(byte);
  }
  return map;
}();

}  // namespace

void append_byte_level(std::string_view bytes, std::string& text) {
  for (const char c : bytes) {
    const uint16_t value = kMap.character[static_cast<unsigned char>(c)];
    if (value < 0x80) {
      text += static_cast<char>(value);
    } else {
      text += static_cast<char>(0xc0 | (value >> 6));
      text += static_cast<char>(0x80 | (value & 0x3f));
    }
  }
}

bool append_bytes_of(std::string_view token, std::string& bytes) {
  if (!is_valid_utf8(token)) return false;
  const size_t before = bytes.size();
  for (size_t at = 0; at < token.size();) {
    const CodePoint point = code_point_at(token, at);
    if (point.value >= kAlphabetEnd || kMap.byte[point.value] < 0) {
      bytes.resize(before);
      return false;
    }
    bytes += static_cast<char>(kMap.byte[point.value]);
    at += point.bytes;
  }
  return true;
}

}  // namespace nety::tokenizer
