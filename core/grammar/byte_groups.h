// Bytes that patterns and texts mostly treat alike. Where all of a group lead to one configuration,
// and from there again, whole branches of a vocabulary's trie need no walk.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace nety::grammar {

/// One bit each. Quotes, backslashes, control characters and bytes beyond ASCII are in the last,
/// which counts as never alike.
namespace byte_groups {
inline constexpr uint8_t kLower = 1, kUpper = 2, kDigit = 4, kJoiner = 8, kSpace = 16, kMark = 32,
                         kOther = 64;
}  // namespace byte_groups

constexpr uint8_t group_of(uint8_t byte) {
  if (byte >= 'a' && byte <= 'z') return byte_groups::kLower;
  if (byte >= 'A' && byte <= 'Z') return byte_groups::kUpper;
  if (byte >= '0' && byte <= '9') return byte_groups::kDigit;
  if (byte == '_' || byte == '-') return byte_groups::kJoiner;
  if (byte == ' ') return byte_groups::kSpace;
  if (byte > ' ' && byte < 0x7F && byte != '"' && byte != '\\') return byte_groups::kMark;
  return byte_groups::kOther;
}

/// So many bytes of these groups may follow a configuration, in any order.
struct ByteRun {
  static constexpr uint16_t kEndless = UINT16_MAX;
  uint8_t groups = 0;
  uint16_t length = 0;
  bool known = false;
};

}  // namespace nety::grammar
