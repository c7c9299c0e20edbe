// Runs the built nety as a user does and keeps what it said.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/paths.h"

namespace nety::app {

struct Outcome {
  int code = -1;  ///< Exit code, or 128 + signal.
  std::string out, err;
};

inline std::string slurp(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// A folder of the running test's own.
inline std::filesystem::path test_folder() {
  const auto* info = testing::UnitTest::GetInstance()->current_test_info();
  std::string name = std::string(info->test_suite_name()) + "." + info->name();
  for (char& c : name)
    if (c == '/') c = '_';
  const auto folder = std::filesystem::path(testing::TempDir()) / ("nety-" + name);
  std::filesystem::create_directories(folder);
  return folder;
}

inline std::string nety() { return build_directory() + "/nety"; }
inline std::string data(const std::string& name) { return test_data() + "/" + name; }

/// Longest that a command may take. With a sanitizer everything takes several times as long.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kLongestSeconds = 500;
#else
constexpr int kLongestSeconds = 60;
#endif

/// `arguments` are words of a shell command line; `before` may set variables or a pipe.
inline Outcome run(const std::string& arguments, const std::string& before = {}) {
  const auto folder = test_folder();
  const std::string out = (folder / "stdout").string(), err = (folder / "stderr").string();
  const std::string line = before + " NETY_EVIDENCE=off timeout " +
                           std::to_string(kLongestSeconds) + " '" + nety() + "' " + arguments +
                           " >'" + out + "' 2>'" + err + "'" +
                           (before.find('|') == std::string::npos ? " </dev/null" : "");
  const int status = std::system(line.c_str());
  Outcome result;
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  result.out = slurp(out);
  result.err = slurp(err);
  return result;
}

/// The default model's path, or empty where setup has not put it in the cache.
inline std::string default_model() {
  const char* xdg = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  const std::filesystem::path cache =
      xdg != nullptr && *xdg != '\0'
          ? std::filesystem::path(xdg)
          : std::filesystem::path(home != nullptr ? home : "/") / ".cache";
  const auto path = cache / "nety" / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf";
  return std::filesystem::exists(path) ? path.string() : std::string();
}

}  // namespace nety::app
