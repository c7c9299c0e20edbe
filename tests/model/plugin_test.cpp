// Plugins that are missing, broken or of another build: each is a finding that names the trouble.
#include "core/model/plugin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <random>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/model/shared_library.h"
#include "tests/paths.h"

namespace nety::model {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const fs::path kPlugins = fs::path(build_directory()) / "tests/plugins";

/// Sets a variable until the end of the test.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const std::string& value) : name_(name) {
    if (const char* old = ::getenv(name); old != nullptr) old_ = old;
    ::setenv(name, value.c_str(), 1);
  }
  ~ScopedVariable() {
    if (old_)
      ::setenv(name_, old_->c_str(), 1);
    else
      ::unsetenv(name_);
  }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> old_;
};

class Plugin : public ::testing::Test {
 protected:
  Plugin()
      : folder_(fs::temp_directory_path() / unique_name()),
        plugins_("NETY_PLUGIN_DIR", folder_.string()),
        torch_("NETY_TORCH_DIR", ""),
        cache_("XDG_CACHE_HOME", folder_.string()),
        libraries_("LD_LIBRARY_PATH", "") {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~Plugin() override { fs::remove_all(folder_); }

  void install(const char* stub) {
    fs::copy_file(kPlugins / stub / "libnety_torch.so", folder_ / "libnety_torch.so",
                  fs::copy_options::overwrite_existing);
  }

  /// A LibTorch folder that states `version`; the fake library in it needs two that are not there.
  fs::path install_torch(const std::string& version) {
    const fs::path torch = folder_ / "torch";
    fs::create_directories(torch / "lib");
    fs::copy_file(kPlugins / "fake/lib/libtorch_cpu.so", torch / "lib/libtorch_cpu.so",
                  fs::copy_options::overwrite_existing);
    std::ofstream(torch / "version.py") << "debug = False\n__version__ = '" << version << "'\n";
    return torch;
  }

  /// The loader knows a library by its path, so every test has its own.
  static std::string unique_name() {
    return "nety_plugin_" + std::to_string(::getpid()) + "_" +
           ::testing::UnitTest::GetInstance()->current_test_info()->name();
  }

  static std::string loading_error() {
    try {
      load_plugin_backend("torch", {});
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kEnvironment);
      EXPECT_FALSE(error.hint().empty());
      return error.what();
    }
    return "nothing thrown";
  }

  fs::path folder_;
  ScopedVariable plugins_, torch_, cache_, libraries_;
};

TEST_F(Plugin, DeletedIsAFindingThatNamesTheFile) {
  const PluginStatus status = probe_plugin("torch");
  EXPECT_FALSE(status.available);
  EXPECT_THAT(status.missing, ElementsAre("libnety_torch.so"));
  EXPECT_THAT(status.what, HasSubstr(folder_.string()));
  EXPECT_THAT(loading_error(), HasSubstr("libnety_torch.so is missing"));
}

TEST_F(Plugin, CudaWithoutADriverIsAFinding) {
  PluginStatus status = probe_plugin("cuda");
  EXPECT_THAT(status.missing, ElementsAre("libnety_cuda.so"));
  EXPECT_THAT(status.what, HasSubstr("libnety_cuda.so is missing"));
  fs::copy_file(kPlugins / "throwing/libnety_torch.so", folder_ / "libnety_cuda.so");
  status = probe_plugin("cuda");
  if (status.available) GTEST_SKIP() << "this machine has a driver";
  EXPECT_THAT(status.missing, ElementsAre("libcuda.so.1"));
  EXPECT_THAT(status.what, HasSubstr("no NVIDIA driver"));
  EXPECT_THAT(status.hint, HasSubstr("--device cpu"));
}

TEST_F(Plugin, CudaWithADriverIsAvailable) {
  fs::copy_file(kPlugins / "throwing/libnety_torch.so", folder_ / "libnety_cuda.so");
  const ScopedVariable driver("LD_LIBRARY_PATH",
                              (fs::path(build_directory()) / "fake_drivers").string());
  const PluginStatus status = probe_plugin("cuda");
  EXPECT_TRUE(status.available) << status.what;
  EXPECT_EQ(status.library_folder, "");
}

TEST_F(Plugin, CudaRunsWithoutItsLibraryAndSaysSo) {
  fs::copy_file(kPlugins / "noted/libnety_torch.so", folder_ / "libnety_cuda.so");
  const ScopedVariable driver("LD_LIBRARY_PATH",
                              (fs::path(build_directory()) / "fake_drivers").string());
  PluginStatus status = probe_plugin("cuda");
  EXPECT_TRUE(status.available) << status.what;
  EXPECT_EQ(status.device, DeviceKind::kCuda);
  EXPECT_THAT(status.lacking, ElementsAre("libcublas.so.99"));
  fs::create_directories(folder_ / "toolkit/lib64");
  fs::copy_file(kPlugins / "noted/libnety_torch.so", folder_ / "toolkit/lib64/libcublas.so.99");
  const ScopedVariable toolkit("CUDA_HOME", (folder_ / "toolkit").string());
  EXPECT_THAT(probe_plugin("cuda").lacking, IsEmpty());
}

TEST_F(Plugin, KnowsWhatABackendComputesOn) {
  EXPECT_EQ(device_of_backend("native"), DeviceKind::kCpu);
  EXPECT_EQ(device_of_backend("torch"), DeviceKind::kCpu);
  EXPECT_EQ(device_of_backend("cuda"), DeviceKind::kCuda);
}

TEST_F(Plugin, UnknownNameIsAUsageError) {
  try {
    probe_plugin("tpu");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  }
}

TEST_F(Plugin, TextFileIsNoLibrary) {
  std::ofstream(folder_ / "libnety_torch.so") << std::string(500, 'x');
  EXPECT_THAT(loading_error(), HasSubstr("is not a shared library"));
  std::ofstream(folder_ / "libnety_torch.so", std::ios::trunc) << "";
  EXPECT_THAT(loading_error(), HasSubstr("libnety_torch.so"));
}

TEST_F(Plugin, OtherBuildIsRefusedBeforeUse) {
  install("other_build");
  EXPECT_TRUE(probe_plugin("torch").available);
  EXPECT_THAT(loading_error(), HasSubstr("another build of nety"));
}

TEST_F(Plugin, LibraryWithoutTheEntryIsNoPlugin) {
  install("no_entry");
  EXPECT_THAT(loading_error(), HasSubstr("no nety_plugin_v1"));
}

TEST_F(Plugin, UndefinedSymbolIsNamed) {
  install("unknown_symbol");
  EXPECT_THAT(loading_error(), HasSubstr("a_name_of_another_version"));
}

TEST_F(Plugin, EveryMissingLibraryIsNamed) {
  install("linked");
  const fs::path torch = install_torch("2.11.0+cpu");
  const ScopedVariable chosen("NETY_TORCH_DIR", torch.string());
  const PluginStatus status = probe_plugin("torch");
  EXPECT_FALSE(status.available);
  EXPECT_EQ(status.version, "2.11.0+cpu");
  EXPECT_EQ(status.built_for, "2.11.0");
  EXPECT_THAT(status.missing, ElementsAre("libcudart.so.99", "libcupti.so.99"));
  EXPECT_THAT(status.hint, HasSubstr("nvidia-cuda-cupti"));
  EXPECT_THAT(loading_error(), HasSubstr("libcupti.so.99 is missing, needed by " +
                                         (torch / "lib/libtorch_cpu.so").string()));
}

TEST_F(Plugin, MissingLibTorchIsNamed) {
  install("linked");
  EXPECT_THAT(probe_plugin("torch").missing, ElementsAre("libtorch_cpu.so"));
  EXPECT_THAT(probe_plugin("torch").hint, HasSubstr("the PyPI package torch"));
}

TEST_F(Plugin, ProbingLoadsNothing) {
  install("linked");
  const fs::path torch = install_torch("2.11.1");
  const ScopedVariable chosen("NETY_TORCH_DIR", torch.string());
  const ScopedVariable libraries("LD_LIBRARY_PATH", (kPlugins / "cuda").string());
  const PluginStatus status = probe_plugin("torch");
  EXPECT_TRUE(status.available) << status.what;
  EXPECT_EQ(status.library_folder, torch.string());
  EXPECT_THAT(read_file("/proc/self/maps"), Not(HasSubstr(folder_.string())));
}

/// A LibTorch without what its fake libtorch_cpu.so needs, on a machine whose driver is there.
class TorchOnAGpu : public Plugin {
 protected:
  TorchOnAGpu()
      : chosen_("NETY_TORCH_DIR", install_torch("2.11.0").string()),
        found_("LD_LIBRARY_PATH", (kPlugins / "cuda").string() + ":" +
                                      (fs::path(build_directory()) / "fake_drivers").string()) {
    install("throwing");
  }
  fs::path library() const { return folder_ / "torch/lib/libtorch_cuda.so"; }
  static std::string gpu_error() {
    try {
      load_plugin_backend("torch", {.threads = 1, .isa = {}, .device = "cuda:0"});
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kEnvironment);
      EXPECT_FALSE(error.hint().empty());
      return error.what();
    }
    return "nothing thrown";
  }
  ScopedVariable chosen_, found_;
};

TEST_F(TorchOnAGpu, NeedsLibTorchsCudaHalf) {
  EXPECT_TRUE(probe_plugin("torch").available);
  EXPECT_FALSE(probe_gpu("torch").possible);
  EXPECT_THAT(probe_gpu("torch").hint, HasSubstr("NETY_TORCH_DIR"));
  EXPECT_THAT(gpu_error(), HasSubstr("has no lib/libtorch_cuda.so"));
}

TEST_F(TorchOnAGpu, NeedsADriver) {
  fs::copy_file(kPlugins / "fake/lib/libtorch_cpu.so", library());
  const ScopedVariable nowhere("LD_LIBRARY_PATH", (kPlugins / "cuda").string());
  if (probe_gpu("torch").possible) GTEST_SKIP() << "this machine has a driver";
  EXPECT_THAT(gpu_error(), HasSubstr("no NVIDIA driver"));
}

TEST_F(TorchOnAGpu, EveryLibraryThatItsCudaHalfLacksIsNamed) {
  fs::copy_file(kPlugins / "fake/lib/libtorch_cpu.so", library());
  const ScopedVariable driver("LD_LIBRARY_PATH",
                              (fs::path(build_directory()) / "fake_drivers").string());
  EXPECT_THAT(gpu_error(), AllOf(HasSubstr("libcudart.so.99 is missing"),
                                 HasSubstr("libcupti.so.99"), HasSubstr("libtorch_cuda.so")));
  EXPECT_THAT(probe_gpu("torch").hint, HasSubstr("nvidia-cuda-runtime"));
}

TEST_F(TorchOnAGpu, ADamagedOneIsNamed) {
  std::ofstream(library()) << "cut off while it was copied";
  EXPECT_THAT(gpu_error(), HasSubstr("libtorch_cuda.so"));
}

TEST_F(TorchOnAGpu, OneThatCannotBeLoadedIsNamed) {
  fs::copy_file(kPlugins / "unknown_symbol/libnety_torch.so", library());
  EXPECT_TRUE(probe_gpu("torch").possible);
  EXPECT_THAT(gpu_error(), AllOf(HasSubstr("libtorch_cuda.so cannot be loaded"),
                                 HasSubstr("a_name_of_another_version")));
}

TEST_F(TorchOnAGpu, IsOpenedBeforeTheBackendIsMade) {
  fs::copy_file(kPlugins / "no_entry/libnety_torch.so", library());
  const auto backend = load_plugin_backend("torch", {.threads = 1, .isa = {}, .device = "cuda:0"});
  EXPECT_EQ(backend->device(), "nowhere");
  EXPECT_THAT(read_file("/proc/self/maps"), HasSubstr(library().string()));
}

TEST_F(Plugin, BackendThatAPluginDoesNotHaveIsNamed) {
  install("throwing");
  try {
    load_plugin_backend("torch-fast", {});
    ADD_FAILURE() << "nothing thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kEnvironment);
    EXPECT_THAT(error.what(), HasSubstr("has no backend torch-fast"));
  }
}

TEST_F(Plugin, LibTorchInTheCacheIsFoundByItsVersion) {
  install("linked");
  fs::create_directories(folder_ / "nety/torch-2.11.0");
  install_torch("2.11.0");
  fs::rename(folder_ / "torch", folder_ / "nety/torch-2.11.0/torch");
  EXPECT_EQ(probe_plugin("torch").library_folder, (folder_ / "nety/torch-2.11.0/torch").string());
}

TEST_F(Plugin, LibTorchOfAnotherVersionIsRefused) {
  install("linked");
  const fs::path torch = install_torch("2.6.0");
  const ScopedVariable chosen("NETY_TORCH_DIR", torch.string());
  EXPECT_THAT(loading_error(), HasSubstr("LibTorch 2.6.0 in " + torch.string() + " does not fit"));
}

TEST_F(Plugin, TorchFolderWithoutLibTorchIsNotSilentlyReplaced) {
  install("linked");
  const ScopedVariable chosen("NETY_TORCH_DIR", folder_.string());
  EXPECT_THAT(loading_error(), HasSubstr("has no lib/libtorch_cpu.so"));
}

TEST_F(Plugin, DamagedLibrariesNeverCrashTheProbe) {
  install("linked");
  const std::string whole = read_file(folder_ / "libnety_torch.so");
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    std::string damaged = whole.substr(0, round % 2 == 0 ? whole.size() : random() % whole.size());
    for (int flips = 0; flips < 4 && damaged.size() > 64; ++flips)
      damaged[random() % std::min<size_t>(damaged.size(), 4096)] = static_cast<char>(random());
    std::ofstream(folder_ / "libnety_torch.so", std::ios::binary) << damaged;
    const PluginStatus status = probe_plugin("torch");
    EXPECT_EQ(status.available, status.what.empty());
  }
}

TEST_F(Plugin, ExceptionsArriveAsErrors) {
  install("throwing");
  // A relative folder too: the loader would search its own path for a name without a slash.
  const ScopedVariable relative("NETY_PLUGIN_DIR", fs::relative(folder_).string());
  const auto backend = load_plugin_backend("torch", {});
  EXPECT_EQ(backend->device(), "nowhere");
  EXPECT_EQ(backend->threads(), 3);
  EXPECT_EQ(backend->kernel(precision::ModeId::fp32), "no kernel");
  const auto check = [](ErrorKind kind, const std::string& what, const auto& call) {
    try {
      call();
      ADD_FAILURE() << "nothing thrown: " << what;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind);
      EXPECT_EQ(error.what(), what);
    }
  };
  check(ErrorKind::kUsage, "no such mode",
        [&] { backend->prepare({}, precision::ModeId::fp32, WeightUse::kMatrix); });
  check(ErrorKind::kMemory, "out of memory", [&] { backend->make_cache({}); });
  check(ErrorKind::kInternal, "translated: first line",
        [&] { backend->make_workspace({}, {}, {}); });
  check(ErrorKind::kInternal, "an exception of unknown type",
        [&] { backend->attention({}, {}, 0); });
  check(ErrorKind::kInternal, "translated: " + std::string(1011, 'x'),
        [&] { backend->end_step(); });
  check(ErrorKind::kEnvironment, "no such device",
        [] { load_plugin_backend("torch", {.threads = 1, .isa = {}, .device = "impossible"}); });
}

TEST(SharedLibrary, TellsWhatAFileNeeds) {
  const SharedLibrary library = read_shared_library(kPlugins / "linked/libnety_torch.so");
  EXPECT_EQ(library.note, "2.11.0");
  EXPECT_THAT(library.needed, ::testing::Contains("libtorch_cpu.so"));
}

TEST(SharedLibrary, SplitsFolderLists) {
  EXPECT_THAT(split_folders(":/a::/b/c:"), ElementsAre("/a", "/b/c"));
  EXPECT_TRUE(split_folders("").empty());
}

}  // namespace
}  // namespace nety::model
