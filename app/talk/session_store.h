// Where kept sessions are, by name.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace nety::talk {

class SessionStore {
 public:
  explicit SessionStore(std::filesystem::path folder) : folder_(std::move(folder)) {}
  /// $NETY_SESSIONS, else below $XDG_DATA_HOME or ~/.local/share.
  static SessionStore of_user();

  /// Error: kUsage for a name that is no file's name: empty, with a slash, beginning with a dot,
  /// with control characters, or longer than 100 bytes.
  std::filesystem::path path_of(const std::string& name) const;
  /// The same once the folder is there. Error: kIo too.
  std::filesystem::path path_to_write(const std::string& name) const;
  /// Error: kUsage if there is no session of that name, saying which there are.
  std::filesystem::path path_to_read(const std::string& name) const;
  /// Sorted.
  std::vector<std::string> names() const;
  /// The one that was kept last. Error: kUsage if there is none.
  std::string newest() const;

 private:
  std::filesystem::path folder_;
};

}  // namespace nety::talk
