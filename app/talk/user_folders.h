// Where chat keeps what is a person's own, by the XDG Base Directory Specification.
#pragma once

#include <filesystem>

namespace nety::talk {

/// $XDG_STATE_HOME/nety, else ~/.local/state/nety. Not created.
std::filesystem::path state_folder();
/// $XDG_DATA_HOME/nety, else ~/.local/share/nety. Not created.
std::filesystem::path data_folder();

/// While it lives, files and folders that are made are for their owner alone.
class OwnerOnly {
 public:
  OwnerOnly();
  ~OwnerOnly();
  OwnerOnly(const OwnerOnly&) = delete;
  OwnerOnly& operator=(const OwnerOnly&) = delete;

 private:
  unsigned before_;
};

}  // namespace nety::talk
