#include "diag/screen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "core/base/error.h"
#include "diag/page.h"
#include "tests/diag/machines.h"
#include "tests/paths.h"

namespace nety::diag {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

checkpoint::Checkpoint tiny() {
  return checkpoint::Checkpoint::open(std::filesystem::path(test_data()) / "checkpoints" / "fp32");
}

Diagnosis look(const std::string& machine, const checkpoint::Checkpoint* checkpoint = nullptr,
               Language language = Language::kEnglish) {
  const auto captured = captured_machine(machine);
  return examine({*captured, language, checkpoint, {}, {}});
}

std::string drawn(const Diagnosis& diagnosis, bool all = false,
                  Language language = Language::kEnglish) {
  ScreenOptions options;
  options.title = "NETY 0.1.0  diag";
  options.language = language;
  options.all = all;
  return screen(diagnosis, options);
}

class EveryScreen : public testing::TestWithParam<std::string> {};

TEST_P(EveryScreen, FitsTheWidthInBothLanguages) {
  const checkpoint::Checkpoint checkpoint = tiny();
  for (const Language language : {Language::kEnglish, Language::kFrench}) {
    const std::string text = drawn(look(GetParam(), &checkpoint, language), true, language);
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(width_of(line), 100U) << line;
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  }
}

TEST_P(EveryScreen, IsOneScreen) {
  const checkpoint::Checkpoint checkpoint = tiny();
  const std::string text = drawn(look(GetParam(), &checkpoint));
  EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 40) << text;
}

INSTANTIATE_TEST_SUITE_P(, EveryScreen, testing::ValuesIn(machine_names()),
                         [](const auto& row) { return test_name(row.param); });

TEST(Screen, ReadsLikeThis) {
  Diagnosis diagnosis = look("container-cgroup2");
  diagnosis.modes = {{"fp32", "float_panel_fp32_avx2", 32, {}, true}};
  EXPECT_EQ(
      drawn(diagnosis),
      R"(NETY 0.1.0  diag                                                          no GPU found: that is fine

  AMD EPYC 7R13 48-Core Processor · 4 of 96 processors usable · 14.0 GB of 412 GB available · KVM ·
  Debian GNU/Linux 12 (bookworm)

  Policy here: CPU -> fp32, no quantization

  mode      kernel                                        bits/weight
  fp32      float_panel_fp32_avx2                         32

  Findings, worst first
  !  Usable processors: 4 of 96: cgroup quota 4
     NETY uses 4; a program that starts a thread per visible processor is throttled. Raise the CPU
     limit of the container, or its affinity mask.
  !  Throttled by quota: 30.0 % of the periods (1200 of 4000)
     The control group has used up its CPU quota again and again: its programs were stopped until
     the next period. Raise the CPU limit of the container, or its affinity mask.
  !  Memory available: 14.0 GB (cgroup / memory.max)
     This limit, not the machine, decides what fits. Raise it to load larger models or wider modes.
  +  19 checks passed (-v lists them)
)");
}

TEST(Screen, PutsTheWorstFirst) {
  Diagnosis diagnosis;
  for (const auto status : {results::FindingStatus::kOk, results::FindingStatus::kUnknown,
                            results::FindingStatus::kWarn, results::FindingStatus::kFail}) {
    results::Finding& finding = diagnosis.findings.emplace_back();
    finding.title = results::name_of(status);
    finding.status = status;
  }
  const std::string text = drawn(diagnosis, true);
  EXPECT_LT(text.find("x  fail"), text.find("!  warn"));
  EXPECT_LT(text.find("!  warn"), text.find("?  unknown"));
  EXPECT_LT(text.find("?  unknown"), text.find("+  ok"));
}

TEST(Screen, SaysWhatFitsOfAModel) {
  const checkpoint::Checkpoint checkpoint = tiny();
  const Diagnosis diagnosis = look("dev-vm", &checkpoint);
  ASSERT_TRUE(diagnosis.decision);
  EXPECT_EQ(diagnosis.decision->rule(), "cpu-fp32");
  const std::string text = drawn(diagnosis);
  EXPECT_THAT(text, HasSubstr("Policy for " + checkpoint.name() + ": fp32 on cpu."));
  EXPECT_THAT(text, HasSubstr("fits: "));
  EXPECT_THAT(text, HasSubstr("\n  stored "));
}

TEST(Screen, SaysThatNothingFits) {
  const checkpoint::Checkpoint checkpoint = tiny();
  const auto machine = captured_machine("container-cgroup2");
  Question question{*machine, Language::kEnglish, &checkpoint, {}, {}};
  question.request.plan.context = 1 << 26;
  const Diagnosis diagnosis = examine(question);
  EXPECT_FALSE(diagnosis.decision);
  const std::string text = drawn(diagnosis);
  EXPECT_THAT(text, HasSubstr("no mode can be loaded here"));
  EXPECT_THAT(text, HasSubstr("does not fit: "));
}

TEST(Screen, LetsARequestThatIsWrongPass) {
  const checkpoint::Checkpoint checkpoint = tiny();
  const auto machine = captured_machine("dev-vm");
  Question question{*machine, Language::kEnglish, &checkpoint, {}, {}};
  question.request.mode = "int3";
  EXPECT_THROW(examine(question), Error);
}

TEST(Screen, SurvivesHostileNames) {
  Diagnosis diagnosis = look("dev-vm");
  diagnosis.machine.cpu = "\x1b[2J\x1b]0;owned\x07" + std::string(3000, 'x');
  diagnosis.machine.os = "a\nb";
  diagnosis.model = std::string(500, 'm') + "\x1b[31m";
  diagnosis.refusal = "\r\x1b[A";
  diagnosis.findings[0].value = std::string("a\0b\x9b", 4);
  const std::string text = drawn(diagnosis, true);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\r")));
  EXPECT_EQ(text.find('\0'), std::string::npos);
}

TEST(Examine, NamesTheKernelOfEveryMode) {
  const Diagnosis diagnosis = look("dev-vm");
  EXPECT_GE(diagnosis.modes.size(), 3U);
  for (const ModeRow& mode : diagnosis.modes) {
    EXPECT_FALSE(mode.kernel.empty()) << mode.name;
    EXPECT_GT(mode.bits_per_weight, 0) << mode.name;
    EXPECT_FALSE(mode.memory);
  }
  EXPECT_THAT(look("dev-vm").modes[0].kernel, HasSubstr("avx512"));
  EXPECT_THAT(look("laptop-avx2").modes[0].kernel, HasSubstr("avx2"));
  EXPECT_THAT(look("server-arm").modes[0].kernel, HasSubstr("scalar"));
}

}  // namespace
}  // namespace nety::diag
