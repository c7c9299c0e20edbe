#include "app/talk/external_editor.h"

#include <fmt/core.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "app/talk/folds.h"
#include "app/talk/user_folders.h"
#include "core/base/error.h"
#include "core/base/files.h"

namespace nety::talk {
namespace {

std::string command() {
  for (const char* variable : {"VISUAL", "EDITOR"})
    if (const char* given = std::getenv(variable); given != nullptr && *given != '\0') return given;
  return "vi";
}

/// Runs a shell command on this terminal, and its status. Ctrl-C is for the command.
int run(const std::string& line) {
  struct sigaction ignore {
  }, before{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGINT, &ignore, &before);
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGINT, SIG_DFL);
    ::signal(SIGPIPE, SIG_DFL);
    ::execl("/bin/sh", "sh", "-c", line.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  int status = 127 << 8;
  while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  ::sigaction(SIGINT, &before, nullptr);
  return status;
}

}  // namespace

std::string edited(std::string_view text) {
  const OwnerOnly mine;
  const TemporaryFolder folder;
  const std::string file = folder.file("question.md");
  if (file.empty())
    throw Error(ErrorKind::kIo, "no temporary folder can be made for the editor",
                "TMPDIR names another place.");
  write_file(file, std::string(text) + "\n");
  const std::string line = fmt::format("{} '{}'", command(), file);
  const int status = run(line);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw Error(ErrorKind::kUsage, fmt::format("the editor failed: {}", command()),
                "EDITOR names another one: EDITOR=nano nety chat.");
  return with_plain_line_ends(read_file(file));
}

}  // namespace nety::talk
