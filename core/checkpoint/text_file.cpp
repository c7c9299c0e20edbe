// Maps files instead of reading them: mapping fails on pipes and directories by itself.
#include "core/checkpoint/text_file.h"

#include <fmt/core.h>

#include <system_error>

#include "core/base/files.h"
#include "core/checkpoint/refuse.h"
#include "core/checkpoint/stand_in.h"

namespace nety::checkpoint {
namespace {

constexpr size_t kMaxBytes = size_t{64} << 20;

}  // namespace

bool is_there(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

std::string read_text(const std::filesystem::path& path) {
  const MappedFile file(path);
  if (file.size() > kMaxBytes)
    refuse(path, fmt::format("has {} bytes; at most {} are possible for such a file", file.size(),
                             kMaxBytes));
  refuse_stand_in(path, file.bytes());
  return {reinterpret_cast<const char*>(file.bytes().data()), file.size()};
}

}  // namespace nety::checkpoint
