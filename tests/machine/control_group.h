// A control group for a test, where this machine lets us make one: a limit on it is the kernel's
// own.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "core/machine/cgroup.h"
#include "core/machine/machine.h"

namespace nety::machine {

/// Writes `text` as control files want it: at once.
inline bool write_control(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  file.close();
  return !file.fail();
}

/// A control group below the one we are in, removed at the end.
class ControlGroup {
 public:
  explicit ControlGroup(const char* controller) {
    for (const CgroupFolder& folder : cgroup_folders(host(), controller)) {
      const auto path =
          std::filesystem::path(folder.path) / ("nety-test-" + std::to_string(::getpid()));
      std::error_code error;
      if (!std::filesystem::create_directory(path, error)) continue;
      path_ = path;
      version_ = folder.version;
      return;
    }
  }
  ~ControlGroup() {
    if (!path_.empty()) ::rmdir(path_.c_str());
  }
  ControlGroup(const ControlGroup&) = delete;
  ControlGroup& operator=(const ControlGroup&) = delete;

  int version() const { return version_; }
  bool made() const { return !path_.empty(); }
  /// Where a process writes "0" to come in.
  std::string door() const { return path_ / "cgroup.procs"; }
  bool set(const std::string& file, const std::string& text) const {
    return std::filesystem::exists(path_ / file) && write_control(path_ / file, text);
  }
  /// A limit on memory, swap included where it is counted.
  bool limit_memory(uint64_t bytes) const {
    const bool first = version_ == 1;
    const std::string text = std::to_string(bytes);
    const bool done = set(first ? "memory.limit_in_bytes" : "memory.max", text);
    set(first ? "memory.memsw.limit_in_bytes" : "memory.swap.max", first ? text : "0");
    return done;
  }

  /// The lines that `question` gives in a process inside the group; nothing if it cannot get in.
  std::optional<std::string> ask(std::string (*question)()) const {
    int ends[2];
    if (::pipe(ends) != 0) return std::nullopt;
    const pid_t child = ::fork();
    if (child == 0) {
      const bool inside = write_control(door(), "0\n");
      const std::string text = inside ? question() : std::string();
      const ssize_t sent = ::write(ends[1], text.data(), text.size());
      ::_exit(sent > 0 ? 0 : 1);
    }
    ::close(ends[1]);
    char buffer[512];
    const ssize_t got = ::read(ends[0], buffer, sizeof buffer);
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (got <= 0 || status != 0) return std::nullopt;
    return std::string(buffer, static_cast<size_t>(got));
  }

 private:
  std::filesystem::path path_;
  int version_ = 2;
};

}  // namespace nety::machine
