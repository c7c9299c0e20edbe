// Earlier questions, kept from one conversation to the next.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nety::talk {

/// One line a question, with line ends and backslashes escaped. Only its owner may read it. Several
/// programs may add to it at the same time.
class HistoryFile {
 public:
  explicit HistoryFile(std::filesystem::path path) : path_(std::move(path)) {}
  /// $NETY_HISTORY (off: none), else below $XDG_STATE_HOME or ~/.local/state.
  static std::optional<HistoryFile> of_user();

  /// Oldest first, at most `most` of the newest. What cannot be read is as if it were not there.
  std::vector<std::string> read(size_t most) const;
  /// Adds one; false if it cannot be written. The file is cut to its newer half once it is large.
  bool add(std::string_view question) const;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace nety::talk
