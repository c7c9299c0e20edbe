// nety starts, talks and diagnoses whatever is wrong with its plugins, and says what that is.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/app/run.h"

namespace nety::app {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using Json = nlohmann::json;

/// All texts of a finding, in one.
std::string finding_of(const Json& file, const std::string& id) {
  for (const Json& finding : file.at("findings"))
    if (finding.at("id") == id) return finding.dump();
  return "no finding " + id;
}

Json diagnosed(const std::string& environment) {
  const Outcome outcome = run("diag --quick --json", environment);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return Json::parse(outcome.out, nullptr, false);
}

/// What a user does first works all the same: on the native backend, with the smallest checkpoint.
void expect_that_it_runs(const std::string& environment) {
  EXPECT_EQ(run("--version", environment).code, 0);
  const Outcome logits = run(
      "logits '" + data("checkpoints/fp32") + "' --tokens 1 -o /dev/null --mode fp32", environment);
  EXPECT_EQ(logits.code, 0) << logits.err;
}

void expect_that_it_chats(const std::string& environment) {
  const Outcome chat =
      run("chat --mode stored --greedy -n 4", "printf 'Hi\\n/exit\\n' | " + environment);
  EXPECT_EQ(chat.code, 0) << chat.err;
  EXPECT_NE(chat.out, "");
}

class StartAndChat : public ::testing::Test {
 protected:
  void SetUp() override {
    if (default_model().empty()) GTEST_SKIP() << "not run: the default model is not in the cache";
  }
};

TEST_F(StartAndChat, WithoutAnyPlugin) {
  expect_that_it_chats("NETY_PLUGIN_DIR='" + test_folder().string() + "'");
}

TEST_F(StartAndChat, WithADriverButNoDevice) {
  expect_that_it_chats("LD_LIBRARY_PATH='" + build_directory() +
                       "/fake_drivers' NETY_FAKE_DRIVER=no-device");
}

TEST(Start, WithoutAnyPlugin) {
  const std::string environment = "NETY_PLUGIN_DIR='" + test_folder().string() + "'";
  expect_that_it_runs(environment);
  const Json file = diagnosed(environment);
  EXPECT_THAT(finding_of(file, "backend.torch"), HasSubstr("libnety_torch.so is missing"));
  EXPECT_THAT(finding_of(file, "backend.cuda"), HasSubstr("libnety_cuda.so is missing"));
  const Outcome asked = run("logits '" + data("checkpoints/fp32") +
                                "' --tokens 1 -o /dev/null --mode fp32 --backend torch",
                            environment);
  EXPECT_EQ(asked.code, 5) << asked.err;
  EXPECT_THAT(asked.err, HasSubstr("libnety_torch.so is missing"));
}

TEST(Start, WithLibTorchOfAnotherVersion) {
  if (!fs::exists(build_directory() + "/libnety_torch.so"))
    GTEST_SKIP() << "not run: there is no LibTorch to build its plugin with";
  const fs::path torch = test_folder() / "torch";
  fs::create_directories(torch / "lib");
  fs::copy_file(fs::path(build_directory()) / "tests/plugins/fake/lib/libtorch_cpu.so",
                torch / "lib/libtorch_cpu.so", fs::copy_options::overwrite_existing);
  std::ofstream(torch / "version.py") << "__version__ = '2.5.1'\n";
  const std::string environment = "NETY_TORCH_DIR='" + torch.string() + "'";
  expect_that_it_runs(environment);
  EXPECT_THAT(finding_of(diagnosed(environment), "backend.torch"),
              AllOf(HasSubstr("LibTorch 2.5.1"), HasSubstr("does not fit")));
}

TEST(Start, WithALibTorchThatIsBroken) {
  if (!fs::exists(build_directory() + "/libnety_torch.so"))
    GTEST_SKIP() << "not run: there is no LibTorch to build its plugin with";
  const fs::path torch = test_folder() / "torch";
  fs::create_directories(torch / "lib");
  std::ofstream(torch / "lib/libtorch_cpu.so") << "cut off while it was copied";
  const std::string environment = "NETY_TORCH_DIR='" + torch.string() + "'";
  expect_that_it_runs(environment);
  EXPECT_THAT(finding_of(diagnosed(environment), "backend.torch"), HasSubstr("libtorch_cpu.so"));
}

TEST(Start, TorchOnAGpuSaysWhatItLacks) {
  if (!fs::exists(build_directory() + "/libnety_torch.so"))
    GTEST_SKIP() << "not run: there is no LibTorch to build its plugin with";
  const std::string command = "logits '" + data("checkpoints/fp32") +
                              "' --tokens 1 -o /dev/null --device cuda:0 --backend ";
  // Whichever of its libraries, the driver or the GPU this machine does not have.
  const Outcome torch = run(command + "torch");
  if (torch.code == 0) GTEST_SKIP() << "not run: LibTorch computes on a GPU here";
  EXPECT_EQ(torch.code, 5) << torch.err;
  EXPECT_THAT(torch.err, HasSubstr("cuda:0"));
  EXPECT_THAT(torch.err, HasSubstr("--device cpu"));
  const Outcome fast = run(command + "torch-fast");
  EXPECT_EQ(fast.code, 5) << fast.err;
  EXPECT_THAT(fast.err, HasSubstr("torch-fast computes on the CPU only"));
}

TEST(Start, WithADriverButNoDevice) {
  const std::string environment =
      "LD_LIBRARY_PATH='" + build_directory() + "/fake_drivers' NETY_FAKE_DRIVER=no-device";
  expect_that_it_runs(environment);
  const Json file = diagnosed(environment);
  for (const Json& gpu : file.at("machines").at(0).at("gpus")) EXPECT_EQ(gpu.at("usable"), false);
  EXPECT_THAT(finding_of(file, "gpu"), HasSubstr("none found"));
}

}  // namespace
}  // namespace nety::app
