// Which control groups hold this process: the folders whose limits apply, versions 1 and 2.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/machine/machine.h"

namespace nety::machine {

/// One folder of a control group hierarchy as this process sees it.
struct CgroupFolder {
  int version = 2;
  std::string path;  ///< Where its files are: "/sys/fs/cgroup/a/b".
  std::string name;  ///< As people know it: "/a/b".
};

/// The folders of `controller` ("cpu", "memory") that this process is in, nearest first, up to and
/// including the mount point: a limit on any of them applies. Mounts come from
/// /proc/self/mountinfo (or the usual places if it cannot be read), paths from /proc/self/cgroup.
/// Sources: cgroups(7), proc_pid_mountinfo(5).
std::vector<CgroupFolder> cgroup_folders(const Machine& machine, std::string_view controller);

}  // namespace nety::machine
