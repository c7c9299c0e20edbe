// nety itself stays clear of LibTorch: it must start where that is broken.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/base/files.h"
#include "core/model/plugin.h"
#include "core/model/shared_library.h"
#include "tests/paths.h"

namespace nety::model {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::filesystem::path kNety = std::filesystem::path(build_directory()) / "nety";

TEST(Nety, NeedsNoHeavyLibrary) {
  const SharedLibrary nety = read_shared_library(kNety);
  for (const std::string& name : nety.needed)
    for (const char* heavy : {"torch", "c10", "cuda", "cupti", "gomp", "nvidia"})
      EXPECT_THAT(name, Not(HasSubstr(heavy)));
  EXPECT_TRUE(resolve_dependencies(nety, {}, {}).missing.empty());
}

TEST(Nety, StartsWithThePluginDeleted) {
  const std::string command = "NETY_PLUGIN_DIR=/nonexistent " + kNety.string() + " --version";
  EXPECT_EQ(std::system((command + " > /dev/null").c_str()), 0);
}

TEST(Nety, MapsLibTorchOnlyWhenItsBackendIsMade) {
  // In a process started afresh, because other cases of this one have loaded it already.
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const auto maps = [] { return read_file("/proc/self/maps").find("libtorch_cpu") + 1 > 0; };
        const bool probed = probe_plugin("torch").available && !maps();
        const auto backend = load_plugin_backend("torch", {});
        std::_Exit(probed && maps() ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace nety::model
