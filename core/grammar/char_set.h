// Sets of characters (code points without surrogates), and their ranges as ranges of UTF-8 bytes.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace nety::grammar {

inline constexpr char32_t kLastCharacter = 0x10FFFF;

struct CharRange {
  char32_t low, high;
  bool operator==(const CharRange&) const = default;
};

/// Ranges in order, apart from each other, without surrogates.
class CharSet {
 public:
  CharSet() = default;
  static CharSet of(std::vector<CharRange> ranges);
  static CharSet all();

  void add(const CharSet& other);
  CharSet complement() const;
  CharSet without(const CharSet& other) const;
  bool contains(char32_t value) const;
  bool empty() const { return ranges_.empty(); }
  const std::vector<CharRange>& ranges() const { return ranges_; }

 private:
  explicit CharSet(std::vector<CharRange> ranges) : ranges_(std::move(ranges)) {}
  std::vector<CharRange> ranges_;
};

/// Byte ranges, one per byte of the encoding: every text of them is a character of the range.
struct Utf8Range {
  struct Bytes {
    uint8_t low, high;
  };
  std::array<Bytes, 4> bytes{};
  int32_t length = 0;
};
std::vector<Utf8Range> utf8_ranges(CharRange range);

}  // namespace nety::grammar
