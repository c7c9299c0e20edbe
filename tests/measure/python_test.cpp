#include "core/measure/python.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/machine/fake_machine.h"
#include "tests/measure/stub_python.h"

namespace nety::measure {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

/// A machine of which only folders are asked.
class Folders final : public machine::FakeMachine {
 public:
  explicit Folders(std::map<std::string, std::vector<std::string>> folders)
      : folders_(std::move(folders)) {}
  machine::Answer<std::vector<std::string>> list(const std::string& path) const override {
    const auto found = folders_.find(path);
    if (found == folders_.end()) return {{}, "missing"};
    return {found->second, ""};
  }

 private:
  std::map<std::string, std::vector<std::string>> folders_;
};

Variables variables(std::map<std::string, std::string> values) {
  return [values](const char* name) -> std::optional<std::string> {
    const auto found = values.find(name);
    if (found == values.end()) return std::nullopt;
    return found->second;
  };
}

std::vector<std::string> found(const std::vector<Python>& pythons) {
  std::vector<std::string> words;
  for (const Python& python : pythons)
    words.push_back(python.origin + " " + python.program.string());
  return words;
}

const Folders kMachine({{"/usr/bin", {"perl", "python3", "python3.11"}},
                        {"/opt/old/bin", {"python"}},
                        {"/venv/bin", {"activate", "python", "python3"}},
                        {"/conda/bin", {"python"}},
                        {"/given/bin", {"python3"}}});

TEST(Python, ThatIsMeantIsTheActiveEnvironmentsElseTheFirstOnThePath) {
  EXPECT_THAT(
      found(find_pythons(kMachine, variables({{"PATH", "/nothing:/usr/bin:/opt/old/bin"}}), {})),
      ElementsAre("PATH /usr/bin/python3", "PATH /opt/old/bin/python"));
  EXPECT_THAT(found(find_pythons(kMachine,
                                 variables({{"VIRTUAL_ENV", "/venv"},
                                            {"CONDA_PREFIX", "/conda"},
                                            {"PATH", "/venv/bin:/usr/bin"}}),
                                 {})),
              ElementsAre("VIRTUAL_ENV /venv/bin/python3", "CONDA_PREFIX /conda/bin/python",
                          "PATH /usr/bin/python3"));
}

TEST(Python, GivenComesFirstAsAProgramOrAsAnEnvironment) {
  EXPECT_THAT(found(find_pythons(kMachine, variables({{"PATH", "/usr/bin"}}),
                                 {"/given", "/usr/bin/python3"})),
              ElementsAre("--python /given/bin/python3", "--python /usr/bin/python3"));
}

TEST(Python, IsNotLookedForInRelativeFoldersOfThePath) {
  EXPECT_TRUE(find_pythons(kMachine, variables({{"PATH", ".::bin"}}), {}).empty());
  EXPECT_TRUE(find_pythons(kMachine, variables({{"VIRTUAL_ENV", "/gone"}}), {}).empty());
}

TEST(Python, SaysWhatItHas) {
  const StubPython stub;
  const PythonStack stack = ask_python({stub.program(), "--python"}, true, 60);
  EXPECT_EQ(stack.failure, "");
  EXPECT_THAT(stack.version, HasSubstr("3."));
  EXPECT_THAT(stack.packages, Contains(Pair("transformers", "5.23.0")));
  EXPECT_EQ(stack.torch_cuda, "13.0");
  EXPECT_EQ(stack.torch_capability, "AVX512");
  EXPECT_THAT(stack.bitsandbytes_libraries, ElementsAre("libbitsandbytes_cpu.so"));
  EXPECT_TRUE(stack.can_run(true));
}

TEST(Python, WithoutTheStackIsANormalAnswer) {
  const StubPython bare(StubPython::kBare);
  const PythonStack stack = ask_python({bare.program(), "PATH"}, false, 60);
  EXPECT_EQ(stack.failure, "");
  EXPECT_FALSE(stack.can_run(false));
  EXPECT_FALSE(stack.has("bitsandbytes"));
}

TEST(Python, ThatCannotAnswerSaysWhy) {
  EXPECT_THAT(ask_python({"/nonexistent/python", "PATH"}, false, 5).failure,
              HasSubstr("/nonexistent/python"));
  EXPECT_THAT(ask_python({"/bin/false", "PATH"}, false, 5).failure, HasSubstr("exit code 1"));
  EXPECT_THAT(ask_python({"/bin/echo", "PATH"}, false, 5).failure, HasSubstr("cannot be read"));
  const StubPython hanging(StubPython::kHanging);
  EXPECT_THAT(ask_python({hanging.program(), "PATH"}, false, 0.3).failure, HasSubstr("silent"));
}

TEST(Python, IsAskedWithoutNetwork) {
  const auto environment = python_environment();
  EXPECT_THAT(environment, Contains(Pair("HF_HUB_OFFLINE", "1")));
  EXPECT_THAT(environment, Contains(Pair("TRANSFORMERS_OFFLINE", "1")));
  EXPECT_THAT(environment, Contains(Pair("https_proxy", "")));
}

}  // namespace
}  // namespace nety::measure
