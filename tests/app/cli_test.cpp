// The command line as a newcomer meets it: help, mistakes, exit codes.
#include <gmock/gmock.h>

#include "tests/app/run.h"

namespace nety::app {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Every error: "nety: what", and under it what to do.
void expect_error(const Outcome& run, int code, const std::string& what) {
  EXPECT_EQ(run.code, code) << run.err;
  EXPECT_THAT(run.err, StartsWith("nety: "));
  EXPECT_THAT(run.err, HasSubstr(what));
  EXPECT_THAT(run.err, HasSubstr("\n      ")) << "no hint";
  EXPECT_EQ(run.out, "");
}

TEST(CommandLine, ExplainsItself) {
  const Outcome help = run("--help");
  EXPECT_EQ(help.code, 0);
  for (const char* command :
       {"chat", "generate", "diag", "which", "fit", "bench", "report", "modes", "tokenize"})
    EXPECT_THAT(help.out, HasSubstr(command));
  EXPECT_THAT(help.out, Not(HasSubstr("worker")));
  EXPECT_EQ(run("generate --help").code, 0);
  EXPECT_THAT(run("--version").out, StartsWith("nety 0."));
  EXPECT_EQ(run("").code, 0);
}

TEST(CommandLine, SuggestsTheCommandThatWasMeant) {
  expect_error(run("genrate"), 2, "genrate");
  EXPECT_THAT(run("genrate").err, HasSubstr("'generate'"));
  expect_error(run("--lang de modes"), 2, "de");
}

TEST(CommandLine, RefusesWhatIsOutsideItsRange) {
  expect_error(run("generate -p x -n 0"), 2, "0");
  expect_error(run("generate -p x -n twelve"), 2, "twelve");
  expect_error(run("generate -p x --top-p 2"), 2, "2");
  expect_error(run("generate -p x --isa sse9"), 2, "sse9");
  expect_error(run("generate --no-such-option"), 2, "no-such-option");
}

TEST(CommandLine, ReadsAConfigurationFileAndRefusesUnknownKeys) {
  const auto good = test_folder() / "good.ini", bad = test_folder() / "bad.ini";
  std::ofstream(good) << "lang = \"fr\"\n[modes]\nmarkdown = true\n";
  std::ofstream(bad) << "[modes]\nnonsense = 3\n";
  EXPECT_THAT(run("--config '" + good.string() + "' modes").out, HasSubstr("| fp32 |"));
  expect_error(run("--config '" + bad.string() + "' modes"), 2, "nonsense");
  expect_error(run("--config /no/such/file modes"), 2, "/no/such/file");
}

TEST(CommandLine, SurvivesClosedOutputs) {
  const auto code = [](const std::string& line) {
    std::ostringstream whole;
    whole << "'" << nety() << "' " << line;
    const int status = std::system(whole.str().c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  };
  EXPECT_EQ(code("modes >/dev/full 2>/dev/null"), 1);
  EXPECT_EQ(code("modes --no-such-option 2>&-"), 2);
  EXPECT_EQ(code("modes --no-such-option 2>/dev/full"), 2);
}

TEST(CommandLine, FindsOutBeforeTheWorkThatAResultCannotBeWritten) {
  for (const char* command : {"bench --modes fp32 -o", "diag -o"}) {
    const Outcome outcome = run(std::string(command) + " /no/such/folder/x.json");
    EXPECT_EQ(outcome.code, 1) << command;
    EXPECT_THAT(outcome.err, HasSubstr("/no/such/folder/x.json")) << command;
  }
}

TEST(Modes, AreListedWithTheirArithmetic) {
  const Outcome modes = run("modes");
  EXPECT_EQ(modes.code, 0);
  for (const char* mode : {"fp32", "bf16", "fp16", "int8", "nf4-dq", "q4_1"})
    EXPECT_THAT(modes.out, HasSubstr(mode));
}

TEST(Program, LinksNoLibTorchAndNoCuda) {
  const std::string listing = (test_folder() / "ldd").string();
  ASSERT_EQ(std::system(("ldd '" + nety() + "' >'" + listing + "' 2>&1").c_str()), 0);
  EXPECT_THAT(slurp(listing), Not(HasSubstr("torch")));
  EXPECT_THAT(slurp(listing), Not(HasSubstr("cuda")));
}

struct BadModel {
  const char* name;
  const char* arguments;
  int code;
  const char* says;
};

class EveryBadModel : public testing::TestWithParam<BadModel> {};

TEST_P(EveryBadModel, IsRefusedWithAReasonAndAWayOut) {
  const auto folder = test_folder();
  std::ofstream(folder / "empty.gguf").flush();
  std::ofstream(folder / "text.gguf")
      << "this is no model, only text that is long enough to look at";
  std::ofstream(folder / "short.gguf", std::ios::binary) << "GGUF\x03";
  std::filesystem::create_directories(folder / "bare");
  std::string arguments = GetParam().arguments;
  for (size_t at; (at = arguments.find("@")) != std::string::npos;)
    arguments.replace(at, 1, folder.string());
  for (const char* command : {"generate -p x ", "fit ", "logits --tokens 1 -o /dev/null ", "chat "})
    expect_error(run(command + arguments), GetParam().code, GetParam().says);
}

INSTANTIATE_TEST_SUITE_P(Models, EveryBadModel,
                         testing::Values(BadModel{"Missing", "@/missing.gguf", 1, "missing.gguf"},
                                         BadModel{"Empty", "@/empty.gguf", 7, "empty"},
                                         BadModel{"Text", "@/text.gguf", 7, "text.gguf"},
                                         BadModel{"Short", "@/short.gguf", 7, "short.gguf"},
                                         BadModel{"BareFolder", "@/bare", 7, "bare"},
                                         BadModel{"Device", "/dev/null", 7, "/dev/null"}),
                         [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace nety::app
