#include "core/checkpoint/stand_in.h"

#include <fmt/core.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "core/checkpoint/refuse.h"

namespace nety::checkpoint {
namespace {

// github.com/git-lfs/git-lfs/blob/main/docs/spec.md: the first line is the version, the file is
// less than 1024 bytes long.
constexpr std::string_view kLfsVersions[] = {"version https://git-lfs", "version https://hawser"};
constexpr size_t kMostPointerBytes = 1024;
constexpr std::string_view kPages[] = {"<!doctype html", "<html", "<head", "<?xml"};
constexpr size_t kLookedAt = 64;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

/// ", of 91739136 bytes" as the pointer's line "size 91739136" says; empty without one.
std::string size_of_file(std::string_view pointer) {
  const size_t at = pointer.find("\nsize ");
  if (at == std::string_view::npos) return {};
  const std::string_view rest = pointer.substr(at + 6);
  const std::string_view digits = rest.substr(0, rest.find_first_not_of("0123456789"));
  return digits.empty() ? std::string() : fmt::format(", of {} bytes", digits);
}

}  // namespace

void refuse_stand_in(const std::filesystem::path& file, std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()),
                              std::min(bytes.size(), kMostPointerBytes));
  for (const std::string_view version : kLfsVersions)
    if (bytes.size() < kMostPointerBytes && text.starts_with(version))
      refuse(file,
             fmt::format("is a Git LFS pointer: the file itself{} was not fetched",
                         size_of_file(text)),
             "Fetch it with git lfs pull in its folder, or download the file itself.");
  const std::string_view start = text.substr(0, kLookedAt);
  const size_t first = start.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return;
  const std::string beginning = lower(start.substr(first));
  for (const std::string_view page : kPages)
    if (beginning.starts_with(page))
      refuse(file, "is a web page, not the file that its name says",
             "The link was that of a page about the file, or needs a login: download the file "
             "itself.");
}

}  // namespace nety::checkpoint
