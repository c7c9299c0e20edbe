#include "diag/screen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "core/base/error.h"
#include "diag/messages.h"
#include "diag/terminal_text.h"
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

TEST(Screen, NamesTheRuleOfTheGpuWhereOneCanBeUsed) {
  Diagnosis diagnosis = look("container-cgroup2");
  results::Gpu gpu;
  gpu.name = "NVIDIA H200";
  gpu.usable = true;
  diagnosis.machine.gpus = {gpu};
  EXPECT_THAT(drawn(diagnosis), HasSubstr("Policy here: CPU -> fp32"));  // nothing computes on it
  diagnosis.gpu_backend = true;
  EXPECT_THAT(drawn(diagnosis), HasSubstr("Policy here: GPU -> nf4, 16-bit compute"));
  diagnosis.machine.gpus[0].usable = false;
  EXPECT_THAT(drawn(diagnosis), HasSubstr("Policy here: CPU -> fp32"));
}

TEST(Screen, ReadsLikeThis) {
  Diagnosis diagnosis = look("container-cgroup2");
  diagnosis.modes = {{"fp32", "float_panel_fp32_avx2", 32, {}, true}};
  EXPECT_EQ(
      drawn(diagnosis),
      R"(NETY 0.1.0  diag                                                          no GPU found: that is fine

  Policy here: CPU -> fp32, no quantization

  AMD EPYC 7R13 48-Core Processor · 4 of 96 processors usable · 14.0 GB of 412 GB available · KVM ·
  Debian GNU/Linux 12 (bookworm)

  mode  kernel                 bits/weight
  fp32  float_panel_fp32_avx2  32

  Findings, worst first
  !  Usable processors: 4 of 96: cgroup quota 4
     NETY uses 4; a program that starts a thread per visible processor is throttled. Raise the CPU
     limit of the container, or its affinity mask.
  !  Throttled by quota: 30.0 % of the periods (1200 of 4000)
     The control group has used up its CPU quota again and again: its programs were stopped until
     the next period. Raise the CPU limit of the container, or its affinity mask.
  !  Memory available: 14.0 GB (cgroup / memory.max)
     This limit, not the machine, decides what fits. Raise it to load larger models or wider modes.
  ?  Processor counters: cannot be told (denied)
     Results have no instructions, cycles and bytes from memory per token. sysctl
     kernel.perf_event_paranoid=2 (as root); in a container, allow perf_event_open.
  +  19 checks passed (-v lists them)
)");
}

/// What a full run on a machine like dev-vm finds.
Trials full_run() {
  Trials trials;
  trials.threads = 2;
  trials.seconds = 31;
  Rates& rates = trials.rates.emplace();
  rates.read_bytes_per_s = 49.1e9;
  rates.read_one_bytes_per_s = 28e9;
  rates.threads = 2;
  rates.peaks = {{"fp32", {467e9, "avx512"}},
                 {"bf16", {868e9, "avx512_bf16"}},
                 {"int8", {1861e9, "avx512_vnni"}}};
  rates.peaks_one = rates.peaks;
  const auto add = [&](const char* mode, const char* backend, ModeVerdict verdict, double speed,
                       double bytes, ProductPath path) {
    ModeTrial& row = trials.rows.emplace_back();
    row.mode = mode;
    row.backend = backend;
    row.verdict = verdict;
    if (verdict == ModeVerdict::kBroken) row.reason = "ended by SIGSEGV (Segmentation fault)";
    if (speed == 0) return;
    row.timed = true;
    row.kernel = "a_kernel_of_some_length_avx512";
    row.path = path;
    row.bytes_per_weight = bytes;
    row.speed =
        results::summarise("ratio", {speed - 0.03, speed, speed, speed, speed, speed + 0.03});
    row.prefill_speed = row.speed;
    row.bytes_per_s = results::summarise("bytes/s", {44.1e9});
    row.ops_per_s = results::summarise("op/s", {390e9});
    row.mbu = 0.9;
  };
  add("fp32", "native", ModeVerdict::kViable, 1, 4, ProductPath::kNative);
  add("bf16", "native", ModeVerdict::kViable, 1.99, 2, ProductPath::kNative);
  add("fp16", "native", ModeVerdict::kViable, 1.9, 2, ProductPath::kDequantisedPerCall);
  add("int8", "native", ModeVerdict::kBroken, 0, 0, ProductPath::kUnknown);
  add("nf4", "native", ModeVerdict::kSlow, 0.7, 0.5625, ProductPath::kDequantisedPerCall);
  add("int8", "torch", ModeVerdict::kViable, 1.01, 4, ProductPath::kDequantisedAtLoad);
  return trials;
}

Diagnosis look_full(const checkpoint::Checkpoint* checkpoint, Language language) {
  const auto machine = captured_machine("dev-vm");
  Question question{*machine, language, checkpoint, {}, {}};
  question.trials = full_run();
  return examine(question);
}

TEST(Screen, ShowsWhatTryingTheModesFound) {
  const std::string text = drawn(look_full(nullptr, Language::kEnglish));
  EXPECT_THAT(text, HasSubstr("NETY 0.1.0  diag  full run, 31.0 s"));
  EXPECT_THAT(text, HasSubstr("Broken here: int8."));
  EXPECT_THAT(text, HasSubstr("Generation faster than fp32 here: bf16 2x, fp16 1.9x."));
  EXPECT_THAT(text, HasSubstr("Slower than fp32 here: nf4 0.7x."));
  EXPECT_THAT(text, HasSubstr("memory 49.1 GB/s read (28.0 by one thread) · peaks in GOP/s: 467 "
                              "fp32, 868 bf16, 1861 int8"));
  EXPECT_THAT(text,
              HasSubstr("  bf16    native   viable   native                1.99x ±0.03  2.00"));
  EXPECT_THAT(text, HasSubstr("  int8    native   broken"));
  EXPECT_THAT(text,
              HasSubstr("  int8    torch    viable   dequantised at load   1.01x ±0.03  4.00"));
  EXPECT_THAT(text, HasSubstr("  x  Mode int8, native: broken"));
  EXPECT_LT(text.find("Broken here"), text.find("  mode "));
  EXPECT_LT(text.find("  mode "), text.find("Findings, worst first"));
}

TEST(Screen, FitsNarrowAndWideTerminalsInBothLanguages) {
  const checkpoint::Checkpoint checkpoint = tiny();
  for (const Language language : {Language::kEnglish, Language::kFrench})
    for (const size_t width : {size_t{72}, size_t{80}, size_t{120}})
      for (const bool all : {false, true}) {
        ScreenOptions options;
        options.title = "NETY 0.1.0  diag";
        options.language = language;
        options.all = all;
        options.width = width;
        const std::string text = screen(look_full(&checkpoint, language), options);
        std::istringstream lines(text);
        for (std::string line; std::getline(lines, line);) EXPECT_LE(width_of(line), width) << line;
        const auto rows = std::count(text.begin(), text.end(), '\n');
        EXPECT_LE(rows, all ? 200 : 48) << text;
        // What decides is there however narrow it is.
        EXPECT_THAT(text, HasSubstr("1.99x"));
        EXPECT_THAT(text, HasSubstr(language == Language::kEnglish ? "fits: " : "tient : "));
      }
}

TEST(Screen, SaysThatAQuickRunTimedNothing) {
  const auto machine = captured_machine("dev-vm");
  Question question{*machine, Language::kEnglish, nullptr, {}, {}};
  question.trials.emplace().quick = true;
  question.trials->rows.emplace_back().mode = "fp32";
  question.trials->rows.back().backend = "native";
  question.trials->rows.back().verdict = ModeVerdict::kViable;
  const std::string text = drawn(examine(question));
  EXPECT_THAT(text, HasSubstr("quick: nothing timed"));
  EXPECT_THAT(text, Not(HasSubstr("vs fp32")));
  EXPECT_THAT(text, HasSubstr("viable"));
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
  question.request.plan.run.context = 1 << 26;
  const Diagnosis diagnosis = examine(question);
  EXPECT_FALSE(diagnosis.decision);
  const std::string text = drawn(diagnosis);
  EXPECT_THAT(text, HasSubstr("no mode can be loaded here"));
  EXPECT_THAT(text, HasSubstr("too big: "));
}

TEST(Screen, LetsARequestThatIsWrongPass) {
  const checkpoint::Checkpoint checkpoint = tiny();
  const auto machine = captured_machine("dev-vm");
  Question question{*machine, Language::kEnglish, &checkpoint, {}, {}};
  question.request.plan.run.mode = "int3";
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
