// Messages about untrusted files must themselves be safe to print.
#include "core/checkpoint/refuse.h"

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>

#include "core/base/error.h"
#include "core/base/printable.h"

namespace nety::checkpoint {
namespace {

constexpr size_t kShownBytes = 100;

}  // namespace

void refuse(const std::filesystem::path& file, std::string_view what, std::string hint) {
  throw Error(ErrorKind::kCheckpoint, fmt::format("{}: {}", file.string(), what), std::move(hint));
}

std::string shown(std::string_view text) {
  std::string out = "\"";
  for (size_t at = 0; at < text.size();) {
    if (at >= kShownBytes) return out + "...\"";
    const size_t length = utf8_sequence(text.substr(at));
    const auto byte = static_cast<uint8_t>(text[at]);
    const bool c1 = length == 2 && byte == 0xc2 && static_cast<uint8_t>(text[at + 1]) < 0xa0;
    if (length == 0 || byte < 0x20 || byte == 0x7f || c1) {
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
    const size_t length = utf8_sequence(text.substr(at));
    if (length == 0)
      out += "\xef\xbf\xbd";
    else
      out += text.substr(at, length);
    at += length == 0 ? 1 : length;
  }
  return out;
}

}  // namespace nety::checkpoint
