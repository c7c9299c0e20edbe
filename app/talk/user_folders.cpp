#include "app/talk/user_folders.h"

#include <sys/stat.h>

#include <cstdlib>

namespace nety::talk {
namespace fs = std::filesystem;
namespace {

fs::path folder_of(const char* variable, const char* usual) {
  const char* given = std::getenv(variable);
  if (given != nullptr && fs::path(given).is_absolute()) return fs::path(given) / "nety";
  const char* home = std::getenv("HOME");
  return fs::path(home != nullptr && *home != '\0' ? home : "/tmp") / usual / "nety";
}

}  // namespace

fs::path state_folder() { return folder_of("XDG_STATE_HOME", ".local/state"); }
OwnerOnly::OwnerOnly() : before_(::umask(0077)) {}
OwnerOnly::~OwnerOnly() { ::umask(before_); }

fs::path data_folder() { return folder_of("XDG_DATA_HOME", ".local/share"); }

}  // namespace nety::talk
