#include "core/grammar/char_set.h"

#include <algorithm>

namespace nety::grammar {
namespace {

constexpr char32_t kBeforeSurrogates = 0xD7FF, kAfterSurrogates = 0xE000;

int32_t encode(char32_t value, std::array<uint8_t, 4>& out) {
  const auto tail = [&](int shift) {
    return static_cast<uint8_t>(0x80 | ((value >> shift) & 0x3F));
  };
  if (value < 0x80) {
    out = {static_cast<uint8_t>(value)};
    return 1;
  }
  if (value < 0x800) {
    out = {static_cast<uint8_t>(0xC0 | (value >> 6)), tail(0)};
    return 2;
  }
  if (value < 0x10000) {
    out = {static_cast<uint8_t>(0xE0 | (value >> 12)), tail(6), tail(0)};
    return 3;
  }
  out = {static_cast<uint8_t>(0xF0 | (value >> 18)), tail(12), tail(6), tail(0)};
  return 4;
}

/// Cuts a range so that each part has encodings of one length, and in each part all bytes after the
/// first that differs run over all continuation bytes.
void split(CharRange range, std::vector<Utf8Range>& out) {
  for (const char32_t last : {0x7FU, 0x7FFU, 0xFFFFU})
    if (range.low <= last && last < range.high) {
      split({range.low, last}, out);
      return split({last + 1, range.high}, out);
    }
  if (range.high >= 0x80)
    for (int bytes = 1; bytes < 4; ++bytes) {
      const char32_t mask = (1U << (6 * bytes)) - 1;
      if ((range.low & ~mask) == (range.high & ~mask)) break;
      if ((range.low & mask) != 0) {
        split({range.low, range.low | mask}, out);
        return split({(range.low | mask) + 1, range.high}, out);
      }
      if ((range.high & mask) != mask) {
        split({range.low, (range.high & ~mask) - 1}, out);
        return split({range.high & ~mask, range.high}, out);
      }
    }
  std::array<uint8_t, 4> low{}, high{};
  Utf8Range made;
  made.length = encode(range.low, low);
  encode(range.high, high);
  for (size_t i = 0; i < static_cast<size_t>(made.length); ++i) made.bytes[i] = {low[i], high[i]};
  out.push_back(made);
}

}  // namespace

CharSet CharSet::of(std::vector<CharRange> ranges) {
  std::vector<CharRange> parts;
  for (const CharRange& range : ranges) {
    const CharRange below{range.low, std::min(range.high, kBeforeSurrogates)};
    const CharRange above{std::max(range.low, kAfterSurrogates),
                          std::min(range.high, kLastCharacter)};
    for (const CharRange& part : {below, above})
      if (part.low <= part.high) parts.push_back(part);
  }
  std::ranges::sort(parts, {}, &CharRange::low);
  std::vector<CharRange> merged;
  for (const CharRange& part : parts)
    if (!merged.empty() && part.low <= merged.back().high + 1)
      merged.back().high = std::max(merged.back().high, part.high);
    else
      merged.push_back(part);
  return CharSet(std::move(merged));
}

CharSet CharSet::all() { return of({{0, kLastCharacter}}); }

void CharSet::add(const CharSet& other) {
  std::vector<CharRange> both = std::move(ranges_);
  both.insert(both.end(), other.ranges_.begin(), other.ranges_.end());
  *this = of(std::move(both));
}

CharSet CharSet::complement() const {
  std::vector<CharRange> gaps;
  char32_t next = 0;
  for (const CharRange& range : ranges_) {
    if (range.low > next) gaps.push_back({next, range.low - 1});
    next = range.high + 1;
  }
  if (next <= kLastCharacter) gaps.push_back({next, kLastCharacter});
  return of(std::move(gaps));
}

CharSet CharSet::without(const CharSet& other) const {
  CharSet outside = complement();
  outside.add(other);
  return outside.complement();
}

bool CharSet::contains(char32_t value) const {
  return std::ranges::any_of(
      ranges_, [&](const CharRange& range) { return range.low <= value && value <= range.high; });
}

std::vector<Utf8Range> utf8_ranges(CharRange range) {
  std::vector<Utf8Range> made;
  split(range, made);
  return made;
}

}  // namespace nety::grammar
