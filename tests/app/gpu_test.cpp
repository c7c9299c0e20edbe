// nety diag beside driver libraries that are well, that hang and that crash.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/app/run.h"

namespace nety::app {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

Json diagnosed(const std::string& scenario, const std::string& options = "") {
  const Outcome outcome =
      run("diag --quick --json " + options,
          "LD_LIBRARY_PATH='" + build_directory() + "/fake_drivers' NETY_FAKE_DRIVER=" + scenario);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return Json::parse(outcome.out, nullptr, false);
}

Json finding_of(const Json& file, const std::string& id) {
  for (const Json& finding : file.at("findings"))
    if (finding.at("id") == id) return finding;
  ADD_FAILURE() << "no finding " << id;
  return {};
}

TEST(DiagBesideAGpu, KnowsWhatItsDriverSays) {
  const Json file = diagnosed("mig");
  const Json& gpu = file.at("machines").at(0).at("gpus").at(0);
  EXPECT_EQ(gpu.at("usable"), true);
  EXPECT_EQ(gpu.at("compute_capability"), "9.0");
  EXPECT_EQ(gpu.at("total_bytes"), uint64_t{10} << 30);
  EXPECT_EQ(finding_of(file, "gpu.0.mig").at("value"), "on: this is one slice");
  EXPECT_EQ(finding_of(file, "gpu.0.power").at("status"), "warn");
}

TEST(DiagBesideAGpu, SurvivesADriverThatCrashes) {
  const Json file = diagnosed("cuda-crashes");
  const Json finding = finding_of(file, "gpu.driver.cuda");
  EXPECT_EQ(finding.at("status"), "fail");
  EXPECT_THAT(finding.at("value").get<std::string>(), HasSubstr("SIGSEGV"));
  EXPECT_EQ(file.at("machines").at(0).at("gpus").at(0).at("usable"), false);
}

TEST(DiagBesideAGpu, GivesUpADriverThatHangs) {
  const Json file = diagnosed("nvml-hangs");
  EXPECT_THAT(finding_of(file, "gpu.driver.nvml").at("value").get<std::string>(),
              HasSubstr("in nvmlInit_v2"));
  EXPECT_EQ(file.at("machines").at(0).at("gpus").at(0).at("usable"), true);
}

Outcome logits_on_cuda(const std::string& environment) {
  return run("logits '" + data("checkpoints/fp32") +
                 "' --tokens 1 -o /dev/null --mode fp32 --backend cuda --device cuda:0",
             environment);
}

TEST(CudaBackend, IsRefusedWithTheReasonWhereNoDriverIs) {
  const Outcome outcome = logits_on_cuda("LD_LIBRARY_PATH=/no-such-folder");
  if (outcome.code == 0) GTEST_SKIP() << "this machine has a GPU";
  EXPECT_EQ(outcome.code, 5) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("cuda"));
  EXPECT_THAT(outcome.err, HasSubstr("--device cpu"));
}

// The fake driver knows what diag asks, and not what the CUDA runtime does.
TEST(CudaBackend, SaysWhatTheRuntimeSaysOfADriverThatLacksItsCalls) {
  if (!std::filesystem::exists(build_directory() + "/libnety_cuda.so"))
    GTEST_SKIP() << "the cuda backend is not built";
  const Outcome outcome = logits_on_cuda("LD_LIBRARY_PATH='" + build_directory() +
                                         "/fake_drivers' NETY_FAKE_DRIVER=mig");
  EXPECT_EQ(outcome.code, 5) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("CUDA says"));
  EXPECT_THAT(outcome.err, HasSubstr("newer driver"));
}

TEST(DiagBesideAGpu, HasNoneWhereNoDriverIs) {
  const Outcome outcome = run("diag --quick --json", "LD_LIBRARY_PATH=/no-such-folder");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const Json file = Json::parse(outcome.out, nullptr, false);
  for (const Json& gpu : file.at("machines").at(0).at("gpus")) EXPECT_EQ(gpu.at("usable"), false);
}

}  // namespace
}  // namespace nety::app
