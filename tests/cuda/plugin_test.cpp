// libnety_cuda.so as a file: what it needs, and what it says where no driver is. Only where it is
// built; nety itself stays clear of CUDA in any case.
#include "core/model/plugin.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/model/plugin_table.h"
#include "core/model/shared_library.h"
#include "tests/paths.h"

namespace nety::model {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::filesystem::path kBuild = build_directory();

TEST(Nety, NeedsNothingOfCuda) {
  for (const std::string& name : read_shared_library(kBuild / "nety").needed)
    for (const char* heavy : {"cuda", "cublas", "cupti", "nvidia", "torch"})
      EXPECT_THAT(name, Not(HasSubstr(heavy)));
}

TEST(Nety, MapsNothingOfCudaToLookForIt) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        probe_plugin("cuda");
        const std::string maps = read_file("/proc/self/maps");
        bool clear = true;
        for (const char* heavy : {"libnety_cuda", "libcuda", "libcublas", "libnvidia"})
          clear = clear && maps.find(heavy) == std::string::npos;
        std::_Exit(clear ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

class CudaPlugin : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(path_)) GTEST_SKIP() << "not built: there is no nvcc here";
  }
  std::filesystem::path path_ = kBuild / "libnety_cuda.so";
};

TEST_F(CudaPlugin, CarriesTheRuntimeInside) {
  const SharedLibrary plugin = read_shared_library(path_);
  EXPECT_FALSE(plugin.note.empty());
  for (const std::string& name : plugin.needed)
    for (const char* heavy : {"cuda", "cublas", "nvidia", "torch"})
      EXPECT_THAT(name, Not(HasSubstr(heavy)));
}

TEST_F(CudaPlugin, SaysWhatIsWrongWhereItCannotRun) {
  void* handle = ::dlopen(path_.c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(handle, nullptr) << ::dlerror();
  const PluginTable& table = *reinterpret_cast<PluginEntry>(::dlsym(handle, kPluginEntry))();
  EXPECT_STREQ(table.name, "cuda");
  EXPECT_EQ(table.layout, plugin_layout());
  const BackendOptions options{.threads = 1, .isa = {}, .device = "cuda:0"};
  PluginError error;
  if (PluginInstance* instance = table.create(&options, &error); instance != nullptr) {
    table.destroy(instance);
    GTEST_SKIP() << "this machine has a GPU";
  }
  EXPECT_EQ(error.kind, static_cast<int32_t>(ErrorKind::kEnvironment)) << error.what;
  EXPECT_THAT(error.what, HasSubstr("CUDA"));
  EXPECT_THAT(error.hint, AnyOf(HasSubstr("driver"), HasSubstr("--device cpu")));
}

TEST_F(CudaPlugin, RefusesDevicesThatAreNone) {
  void* handle = ::dlopen(path_.c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(handle, nullptr) << ::dlerror();
  const PluginTable& table = *reinterpret_cast<PluginEntry>(::dlsym(handle, kPluginEntry))();
  for (const char* device : {"cpu", "cuda:x", "cuda:-1", "cuda:0 "}) {
    const BackendOptions options{.threads = 1, .isa = {}, .device = device};
    PluginError error;
    EXPECT_EQ(table.create(&options, &error), nullptr);
    EXPECT_EQ(error.kind, static_cast<int32_t>(ErrorKind::kUsage)) << device << ": " << error.what;
  }
}

}  // namespace
}  // namespace nety::model
