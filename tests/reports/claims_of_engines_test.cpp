// What is judged of other engines: faster, slower, and faster with other answers.
#include <gtest/gtest.h>

#include "judged.h"
#include "reports/render.h"

namespace nety::reports {
namespace {

constexpr const char* kClaim = "no-engine-faster";

struct Engine {
  double ratio = 1;    ///< Its decode rate over that of NETY's choice.
  double top1 = 0.99;  ///< Negative: its answers are not known.
  const char* kind = "llama-bench";
};

/// The policy's choice at 100 tok/s, and another engine beside it.
File with_engine(const Engine& engine) {
  File file = bare_file();
  Sketch fp32{.mode = "fp32", .tg_tps = 100};
  fp32.reference = true;
  add_configuration(file, fp32);
  decide_for(file, "fp32");
  const size_t ours = file.results.size();
  add_configuration(file, {.mode = "q4_0",
                           .backend = "llama.cpp",
                           .tg_tps = 100 * engine.ratio,
                           .top1 = engine.top1,
                           .top1_half = 0.01,
                           .quality = engine.top1 >= 0});
  for (size_t i = ours; i < file.results.size(); ++i) {
    file.results[i].contender = engine.kind;
    file.results[i].metrics.erase("kld");  // answers are compared token by token
  }
  return file;
}

TEST(OtherEngines, AreNotTestedWhereThereAreNone) {
  EXPECT_EQ(verdict(machine_file(), kClaim), Verdict::kNotTested);
  EXPECT_EQ(claim(machine_file(), kClaim).command, "nety report --contender NAME=COMMAND");
}

TEST(OtherEngines, RefuteWhenOneIsFasterWithTheSameAnswers) {
  const Claim faster = claim(with_engine({.ratio = 1.21}), kClaim);
  EXPECT_EQ(faster.verdict, Verdict::kRefuted);
  EXPECT_NE(faster.evidence.find("q4_0 (llama.cpp) decodes 1.21\u00d7"), std::string::npos)
      << faster.evidence;
  EXPECT_NE(faster.evidence.find("answers are the same"), std::string::npos) << faster.evidence;
  EXPECT_EQ(verdict(with_engine({.ratio = 1.03}), kClaim), Verdict::kRefuted);
}

TEST(OtherEngines, SupportWhenNoneIsFasterByMoreThanTheMargin) {
  EXPECT_EQ(verdict(with_engine({.ratio = 0.8}), kClaim), Verdict::kSupported);
  EXPECT_EQ(verdict(with_engine({.ratio = 1.01}), kClaim), Verdict::kSupported);
}

TEST(OtherEngines, DoNotCountWhereTheyAnswerDifferently) {
  const File file = with_engine({.ratio = 2, .top1 = 0.7});
  EXPECT_EQ(verdict(file, kClaim), Verdict::kSupported);
  EXPECT_NE(claim(file, kClaim).evidence.find("answers differently"), std::string::npos);
  EXPECT_NE(terminal_table(file, 200, Language::kEnglish).find("answers differently"),
            std::string::npos);
  EXPECT_EQ(terminal_table(with_engine({.ratio = 2}), 200, Language::kEnglish)
                .find("answers differently"),
            std::string::npos);
}

TEST(OtherEngines, LeaveDoubtWhereTheirAnswersAreNotKnown) {
  EXPECT_EQ(verdict(with_engine({.ratio = 2, .top1 = -1}), kClaim), Verdict::kInconclusive);
  EXPECT_EQ(verdict(with_engine({.ratio = 0.5, .top1 = -1}), kClaim), Verdict::kSupported);
  EXPECT_EQ(verdict(with_engine({.ratio = 2, .top1 = 0.96}), kClaim), Verdict::kInconclusive);
}

TEST(OtherEngines, BehindAServerAreHeldAgainstOurRateWithText) {
  // Ours is 5 % slower with sampling and text: a server at our engine's rate is faster.
  EXPECT_EQ(verdict(with_engine({.ratio = 1, .kind = "openai"}), kClaim), Verdict::kRefuted);
  EXPECT_EQ(verdict(with_engine({.ratio = 0.95, .kind = "openai"}), kClaim), Verdict::kSupported);
}

TEST(OtherEngines, AreNoChoiceOfThePolicy) {
  const File file = with_engine({.ratio = 2});
  EXPECT_EQ(verdict(file, "best-admissible"), Verdict::kNotTested) << "nothing else was measured";
}

TEST(OtherEngines, ThatFailedAreNamedWithTheReason) {
  File file = with_engine({});
  for (Result& row : file.results)
    if (!row.contender.empty()) {
      row.metrics.clear();
      row.status = Status::kError;
      row.reason = "it ended with exit code 1";
    }
  const Claim failed = claim(file, kClaim);
  EXPECT_EQ(failed.verdict, Verdict::kNotTested);
  EXPECT_NE(failed.evidence.find("exit code 1"), std::string::npos) << failed.evidence;
}

/// Answers are scored before speed is measured: the run may have ended in between.
TEST(OtherEngines, ThatOnlyAnsweredSayWhySpeedIsMissing) {
  File file = with_engine({});
  for (Result& row : file.results)
    if (!row.contender.empty() && row.phase != "quality") {
      row.metrics.clear();
      row.status = Status::kSkipped;
      row.reason = "the time budget was spent";
    }
  const Claim missing = claim(file, kClaim);
  EXPECT_EQ(missing.verdict, Verdict::kNotTested);
  EXPECT_NE(missing.evidence.find("skipped. the time budget was spent"), std::string::npos)
      << missing.evidence;
}

}  // namespace
}  // namespace nety::reports
