#include "app/talk/attachment.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

#include "app/talk/folds.h"
#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/printable.h"
#include "core/tokenizer/unicode.h"

namespace nety::talk {
namespace {

constexpr size_t kLargest = 16'000'000;

/// Longer than any run of backticks in the text.
std::string fence_for(std::string_view text) {
  size_t longest = 2, run = 0;
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return std::string(longest + 1, '`');
}

}  // namespace

std::string attachment(const std::string& path) {
  std::error_code ignored;
  const auto size = std::filesystem::file_size(path, ignored);
  if (!ignored && size > kLargest)
    throw Error(ErrorKind::kUsage,
                fmt::format("{}: {} bytes are more than a question may have", path, size),
                fmt::format("At most {} bytes.", kLargest));
  const std::string text = with_plain_line_ends(read_file(path, kLargest));
  if (text.find('\0') != std::string::npos || !tokenizer::is_valid_utf8(text))
    throw Error(ErrorKind::kUsage, fmt::format("{}: this is no text (UTF-8)", path),
                "Only text can be read along with a question.");
  const std::string name = one_line(std::filesystem::path(path).filename().string());
  const std::string fence = fence_for(text);
  return fmt::format("{}:\n{}\n{}\n{}\n", name, fence, text, fence);
}

std::string with_attachments(std::string_view attachments, std::string_view question) {
  if (attachments.empty()) return std::string(question);
  return fmt::format("{}\n{}", attachments, question);
}

}  // namespace nety::talk
