// A checksum over large files, fast enough that nobody waits for it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace nety::talk {

/// 64 bits over words of 8 bytes: each step can be undone, so a change within one word always
/// changes the result. Against damage, not against intent.
class Checksum {
 public:
  void add(std::span<const std::byte> bytes);
  void add(std::string_view text) { add(std::as_bytes(std::span(text.data(), text.size()))); }
  /// Of all that was added, its length included.
  uint64_t value() const;

 private:
  static uint64_t step(uint64_t state, uint64_t word);
  uint64_t state_ = 0x9e3779b97f4a7c15ULL;
  uint64_t length_ = 0;
  std::array<std::byte, 8> partial_{};  // the first length_ % 8 of a word
};

}  // namespace nety::talk
