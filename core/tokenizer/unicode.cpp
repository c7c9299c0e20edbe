// Character properties come from utf8proc (Unicode 15 in version 2.8).
#include "core/tokenizer/unicode.h"

#include <fmt/core.h>
#include <simdjson.h>
#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <memory>

#include "core/base/error.h"

namespace nety::tokenizer {
namespace {

/// Bytes of the character that `bytes` begins with, and how many of them follow the rules.
struct Sequence {
  size_t wanted;  // 0: no character begins so
  size_t good;    // at least 1
};

Sequence sequence_at(std::string_view bytes) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {1, 1};
  if (lead < 0xc2 || lead > 0xf4) return {0, 1};
  const size_t wanted = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  // The second byte's range keeps out overlong forms, surrogates and what is past U+10FFFF.
  const unsigned low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  size_t good = 1;
  while (good < wanted && good < bytes.size()) {
    const unsigned from = good == 1 ? low : 0x80;
    const unsigned to = good == 1 ? high : 0xbf;
    if (byte(good) < from || byte(good) > to) break;
    ++good;
  }
  return {wanted, good};
}

}  // namespace

CodePoint code_point_at(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) {
    return static_cast<char32_t>(static_cast<unsigned char>(text[at + i]));
  };
  const char32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xe0) return {((lead & 0x1f) << 6) | (byte(1) & 0x3f), 2};
  if (lead < 0xf0) return {((lead & 0x0f) << 12) | ((byte(1) & 0x3f) << 6) | (byte(2) & 0x3f), 3};
  return {
      ((lead & 0x07) << 18) | ((byte(1) & 0x3f) << 12) | ((byte(2) & 0x3f) << 6) | (byte(3) & 0x3f),
      4};
}

void append_utf8(std::string& text, char32_t value) {
  utf8proc_uint8_t bytes[4];
  const auto count = utf8proc_encode_char(static_cast<utf8proc_int32_t>(value), bytes);
  text.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(count));
}

bool is_valid_utf8(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size());
}

size_t append_repaired(std::string_view bytes, bool more_follows, std::string& text) {
  size_t at = 0;
  size_t copied = 0;  // up to here it is in `text`
  while (at < bytes.size()) {
    const Sequence sequence = sequence_at(bytes.substr(at));
    if (sequence.good == sequence.wanted) {
      at += sequence.good;
      continue;
    }
    text.append(bytes.substr(copied, at - copied));
    copied = at;
    const bool cut_off = sequence.wanted != 0 && at + sequence.good == bytes.size();
    if (cut_off && more_follows) return at;
    text.append(kReplacementCharacter);
    at += sequence.good;
    copied = at;
  }
  text.append(bytes.substr(copied));
  return bytes.size();
}

bool is_white_space(char32_t value) {
  return (value >= 9 && value <= 13) || value == 0x20 || value == 0x85 || value == 0xa0 ||
         value == 0x1680 || (value >= 0x2000 && value <= 0x200a) || value == 0x2028 ||
         value == 0x2029 || value == 0x202f || value == 0x205f || value == 0x3000;
}

bool is_numeric(char32_t value) {
  if (value < 0x80) return value >= '0' && value <= '9';
  // Numbers that Unicode 16 added to the 15 of utf8proc 2.8.
  constexpr struct {
    char32_t first, last;
  } kNewer[] = {{0x10d40, 0x10d49}, {0x116d0, 0x116e3}, {0x11bf0, 0x11bf9}, {0x16130, 0x16139},
                {0x16d70, 0x16d79}, {0x1ccf0, 0x1ccf9}, {0x1e5f1, 0x1e5fa}};
  for (const auto& range : kNewer)
    if (value >= range.first && value <= range.last) return true;
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(value));
  return category == UTF8PROC_CATEGORY_ND || category == UTF8PROC_CATEGORY_NL ||
         category == UTF8PROC_CATEGORY_NO;
}

bool is_word(char32_t value) {
  if (value < 0x80)
    return (value >= '0' && value <= '9') || ((value | 0x20) >= 'a' && (value | 0x20) <= 'z') ||
           value == '_';
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(value))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC:
      return true;
    default:
      return value == 0x200c || value == 0x200d;  // the joiners
  }
}

bool is_punctuation(char32_t value) {
  if (value < 0x80)
    return (value >= '!' && value <= '/') || (value >= ':' && value <= '@') ||
           (value >= '[' && value <= '`') || (value >= '{' && value <= '~');
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(value));
  return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

std::string normalize(std::string_view text, NormalForm form) {
  if (std::all_of(text.begin(), text.end(),
                  [](char c) { return static_cast<signed char>(c) >= 0; }))
    return std::string(text);  // ASCII is in every normal form
  const bool compose = form == NormalForm::kNfc || form == NormalForm::kNfkc;
  const bool compatible = form == NormalForm::kNfkc || form == NormalForm::kNfkd;
  const int options = UTF8PROC_STABLE | (compose ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE) |
                      (compatible ? UTF8PROC_COMPAT : 0);
  utf8proc_uint8_t* result = nullptr;
  const auto bytes = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                  static_cast<utf8proc_ssize_t>(text.size()), &result,
                                  static_cast<utf8proc_option_t>(options));
  const std::unique_ptr<utf8proc_uint8_t, void (*)(void*)> owner(result, std::free);
  if (bytes < 0)
    throw Error(ErrorKind::kInternal,
                fmt::format("Unicode normalisation failed: {}", utf8proc_errmsg(bytes)));
  return {reinterpret_cast<const char*>(result), static_cast<size_t>(bytes)};
}

std::string to_lower(std::string_view text) {
  std::string lower;
  lower.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const CodePoint point = code_point_at(text, at);
    at += point.bytes;
    // The one character whose lower case is two (SpecialCasing.txt, unconditional).
    if (point.value == 0x130)
      lower += "i\xcc\x87";
    else
      append_utf8(lower, static_cast<char32_t>(
                             utf8proc_tolower(static_cast<utf8proc_int32_t>(point.value))));
  }
  return lower;
}

std::string quote(std::string_view text) {
  constexpr size_t kLimit = 60;
  std::string result = "\"";
  for (size_t at = 0; at < text.size();) {
    if (at >= kLimit) return result + "...\"";
    const Sequence sequence = sequence_at(text.substr(at));
    const bool control = static_cast<unsigned char>(text[at]) < 0x20 || text[at] == 0x7f;
    if (sequence.good == sequence.wanted && !control)
      result += text.substr(at, sequence.good);
    else
      for (size_t i = 0; i < sequence.good; ++i)
        result += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[at + i]));
    at += sequence.good;
  }
  return result + "\"";
}

}  // namespace nety::tokenizer
