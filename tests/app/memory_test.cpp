// The memory plan against a whole process: what `nety generate` allocates at most is what
// `nety fit` said, to a twentieth.
#include <fcntl.h>
#include <spawn.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/app/run.h"

extern char** environ;

namespace nety::app {
namespace {

using Json = nlohmann::json;

constexpr int kContext = 160;  // tokens, nearly all of which are used

/// RssAnon of a process in bytes, or 0 once it is gone.
int64_t anonymous_bytes(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/status");
  std::string line;
  while (std::getline(file, line))
    if (line.starts_with("RssAnon:")) return std::stoll(line.substr(8)) * 1024;
  return 0;
}

/// Runs nety and looks at its memory every millisecond. The peak is no spike: buffers stay until
/// the end.
int64_t peak_of(std::vector<std::string> arguments, int& code) {
  arguments.insert(arguments.begin(), nety());
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  for (const int descriptor : {0, 1, 2})
    posix_spawn_file_actions_addopen(&quiet, descriptor, "/dev/null", O_RDWR, 0);
  pid_t process = 0;
  const int failed = posix_spawn(&process, argv[0], &quiet, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&quiet);
  code = -1;
  if (failed != 0) return 0;
  int64_t peak = 0;
  int status = 0;
  while (::waitpid(process, &status, WNOHANG) == 0) {
    peak = std::max(peak, anonymous_bytes(process));
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return peak;
}

/// What is planned for a mode that is not a mapped file.
int64_t planned(const Json& fit, const std::string& mode) {
  for (const Json& row : fit.at("modes")) {
    if (row.at("mode") != mode) continue;
    return int64_t{row.at("weights_bytes")} - int64_t{row.at("weights_mapped_bytes")} +
           int64_t{row.at("kv_bytes")} + int64_t{row.at("workspace_bytes")} +
           int64_t{fit.at("tokenizer_bytes")} + int64_t{fit.at("program_bytes")};
  }
  return 0;
}

void expect_within_plan(const std::string& model, const std::vector<std::string>& modes) {
  const std::string context = std::to_string(kContext);
  const Outcome fit = run("fit '" + model + "' --ctx " + context + " --json");
  ASSERT_EQ(fit.code, 0) << fit.err;
  const Json plans = Json::parse(fit.out);
  for (const std::string& mode : modes) {
    int code = 0;
    const int64_t peak = peak_of({"generate", model, "--mode", mode, "--ctx", context, "--raw",
                                  "--greedy", "-p", "Once upon a time", "-n", "150"},
                                 code);
    ASSERT_EQ(code, 0) << mode;
    const auto plan = static_cast<double>(planned(plans, mode));
    EXPECT_LE(static_cast<double>(peak), 1.05 * plan) << mode;
    EXPECT_GE(static_cast<double>(peak), 0.5 * plan) << mode << ": the plan is no guess either";
    testing::Test::RecordProperty(mode, std::to_string(static_cast<double>(peak) / plan));
  }
}

TEST(MemoryOfAProcess, IsThePlanToATwentieth) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "not run: sanitizers take memory of their own";
#endif
  if (default_model().empty()) GTEST_SKIP() << "not run: the default model is not in the cache";
  expect_within_plan(default_model(), {"stored", "bf16", "int8", "nf4"});
}

TEST(MemoryOfAProcess, IsThePlanToATwentiethForADirectoryUsedInPlace) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "not run: sanitizers take memory of their own";
#endif
  if (default_model().empty()) GTEST_SKIP() << "not run: the default model is not in the cache";
  const std::string folder = (test_folder() / "fp32").string();
  std::filesystem::remove_all(folder);
  const Outcome made = run("quantize '" + default_model() + "' '" + folder + "' --mode fp32");
  ASSERT_EQ(made.code, 0) << made.err;
  expect_within_plan(folder, {"fp32", "bf16"});
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace nety::app
