// Messages about untrusted files must themselves be safe to print.
#include "core/checkpoint/refuse.h"

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>

#include "core/base/error.h"

namespace nety::checkpoint {
namespace {

constexpr size_t kShownBytes = 100;

/// Length of the valid UTF-8 sequence at the start of `text`; 0 if there is none.
size_t sequence_length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0U) != 0x80) return 0;
  const uint8_t second = byte(1);
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool surrogate = first == 0xed && second >= 0xa0;
  const bool too_large = first == 0xf4 && second >= 0x90;
  return overlong || surrogate || too_large ? 0 : length;
}

}  // namespace

void refuse(const std::filesystem::path& file, std::string_view what, std::string hint) {
  throw Error(ErrorKind::kCheckpoint, fmt::format("{}: {}", file.string(), what), std::move(hint));
}

std::string shown(std::string_view text) {
  std::string out = "\"";
  for (size_t at = 0; at < text.size();) {
    if (at >= kShownBytes) return out + "...\"";
    const size_t length = sequence_length(text.substr(at));
    const auto byte = static_cast<uint8_t>(text[at]);
    if (length == 0 || byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
      ++at;
    } else {
      out += text.substr(at, length);
      at += length;
    }
  }
  return out + "\"";
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t length = sequence_length(text.substr(at));
    if (length == 0)
      out += "\xef\xbf\xbd";
    else
      out += text.substr(at, length);
    at += length == 0 ? 1 : length;
  }
  return out;
}

}  // namespace nety::checkpoint
