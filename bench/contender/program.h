// Programs of other people: started by the shell, in this process's group, so that whoever kills
// the group kills them too.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/files.h"

namespace nety::bench {

/// What a program printed until it ended.
struct Printed {
  std::string out;
  uint64_t peak_rss_bytes = 0;
};
/// Runs `command` to its end. Error: kInternal if it fails, with the last line of what it said.
Printed run_program(const std::string& command);

/// A program that goes on beside us. What it prints is kept for the message about its end.
class Beside {
 public:
  explicit Beside(const std::string& command);
  ~Beside();
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;

  /// How it ended; none while it runs.
  std::optional<std::string> end();

 private:
  TemporaryFolder folder_;
  pid_t pid_ = -1;
  std::optional<std::string> end_;
};

/// Peak resident memory of this process's group, without this process; 0: unknown.
uint64_t peak_of_group();

/// `text` with every "{name}" as `value`.
std::string with(std::string text, const std::string& name, const std::string& value);

/// A TCP port of this machine that nobody listens on now. Error: kIo.
int free_port();

}  // namespace nety::bench
