#include "core/machine/cgroup.h"

#include <gtest/gtest.h>

#include "tests/machine/fake_machine.h"

namespace nety::machine {
namespace {

std::vector<std::string> paths(const Machine& machine, const char* controller) {
  std::vector<std::string> out;
  for (const CgroupFolder& folder : cgroup_folders(machine, controller)) out.push_back(folder.path);
  return out;
}

using Paths = std::vector<std::string>;

TEST(CgroupFolders, AreTheWholePathNearestFirst) {
  FakeMachine machine;
  machine.files["/proc/self/cgroup"] = "0::/a/b/c\n";
  machine.files["/proc/self/mountinfo"] = "30 24 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
  EXPECT_EQ(paths(machine, "cpu"), (Paths{"/sys/fs/cgroup/a/b/c", "/sys/fs/cgroup/a/b",
                                          "/sys/fs/cgroup/a", "/sys/fs/cgroup"}));
}

TEST(CgroupFolders, OfAContainerBeginAtTheMountedRoot) {
  FakeMachine machine;
  machine.files["/proc/self/cgroup"] = "4:cpu,cpuacct:/docker/x/y\n5:memory:/docker/x\n";
  machine.files["/proc/self/mountinfo"] =
      "1 0 0:1 /docker/x /sys/fs/cgroup/cpu,cpuacct ro master:3 - cgroup cgroup rw,cpu,cpuacct\n"
      "2 0 0:2 /docker/x /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n";
  EXPECT_EQ(paths(machine, "cpu"),
            (Paths{"/sys/fs/cgroup/cpu,cpuacct/y", "/sys/fs/cgroup/cpu,cpuacct"}));
  EXPECT_EQ(paths(machine, "memory"), (Paths{"/sys/fs/cgroup/memory"}));
}

TEST(CgroupFolders, OutsideTheMountedRootAreTheMountPointAlone) {
  FakeMachine machine;
  machine.files["/proc/self/cgroup"] = "0::/../../elsewhere\n";
  machine.files["/proc/self/mountinfo"] = "1 0 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
  EXPECT_EQ(paths(machine, "cpu"), (Paths{"/sys/fs/cgroup"}));
  machine.files["/proc/self/cgroup"] = "0::/docker/xy\n";
  machine.files["/proc/self/mountinfo"] = "1 0 0:1 /docker/x /m rw - cgroup2 cgroup2 rw\n";
  EXPECT_EQ(paths(machine, "cpu"), (Paths{"/m"}));
}

TEST(CgroupFolders, UnderstandEscapedMountPoints) {
  FakeMachine machine;
  machine.files["/proc/self/cgroup"] = "0::/\n";
  machine.files["/proc/self/mountinfo"] = "1 0 0:1 / /a\\040b\\134 rw - cgroup2 cgroup2 rw\n";
  EXPECT_EQ(paths(machine, "cpu"), (Paths{"/a b\\"}));
}

TEST(CgroupFolders, AreLookedForInTheUsualPlacesWithoutMountinfo) {
  FakeMachine machine;
  machine.files["/proc/self/cgroup"] = "0::/a\n2:cpu:/\n";
  EXPECT_EQ(paths(machine, "cpu"),
            (Paths{"/sys/fs/cgroup/a", "/sys/fs/cgroup", "/sys/fs/cgroup/cpu"}));
}

TEST(CgroupFolders, SurviveNonsense) {
  for (const char* text :
       {"", ":", "::", "0::", "0::\n", ":::::", "0:: / /", "\n\n - \n", "- - -"}) {
    FakeMachine machine;
    machine.files["/proc/self/cgroup"] = text;
    machine.files["/proc/self/mountinfo"] = text;
    for (const CgroupFolder& folder : cgroup_folders(machine, "cpu"))
      EXPECT_TRUE(folder.path.starts_with("/")) << folder.path;
  }
  FakeMachine deep;
  for (int i = 0; i < 10'000; ++i) deep.files["/proc/self/cgroup"] += "/a";
  deep.files["/proc/self/cgroup"].insert(0, "0::");
  deep.files["/proc/self/mountinfo"] = "1 0 0:1 / /m rw - cgroup2 cgroup2 rw\n";
  EXPECT_LE(cgroup_folders(deep, "cpu").size(), 256U);
}

}  // namespace
}  // namespace nety::machine
