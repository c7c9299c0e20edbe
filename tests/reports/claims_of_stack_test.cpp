// What is judged of the installed Python stack, and of the story's fix.
#include "reports/claims/claims.h"

#include <gtest/gtest.h>

#include "judged.h"

namespace nety::reports {
namespace {

TEST(InstalledStack, SupportsOrRefutes) {
  File file = bare_file();
  add_configuration(file, {.mode = "int8", .backend = "installed", .tg_tps = 20});
  EXPECT_EQ(verdict(file, "bnb-int8-works"), Verdict::kSupported);
  for (Result& row : file.results)
    if (row.phase == "load") {
      row.status = Status::kError;
      row.reason = "'Int8Params' object has no attribute 'SCB'";
    }
  const Claim refuted = claim(file, "bnb-int8-works");
  EXPECT_EQ(refuted.verdict, Verdict::kRefuted);
  EXPECT_NE(refuted.evidence.find("SCB"), std::string::npos);
}

TEST(InstalledStack, IsComparedWithItself) {
  const File file = complete_file();
  EXPECT_EQ(verdict(file, "bnb-int8-works"), Verdict::kSupported);
  EXPECT_EQ(verdict(file, "bnb-int8-faster"), Verdict::kRefuted);
  EXPECT_EQ(verdict(file, "bnb-int8-as-good"), Verdict::kRefuted);
  EXPECT_EQ(verdict(file, "bnb-nf4-faster"), Verdict::kSupported) << "than the installed fp32";
  EXPECT_NE(claim(file, "bnb-nf4-faster").evidence.find("22.0 tok/s"), std::string::npos);
  EXPECT_NE(claim(machine_file(), "bnb-int8-faster").command.find("--backends installed"),
            std::string::npos);
}

/// The stack's small tests with those outcomes: the story's call offloaded, 8-bit on the CPU alone,
/// fp32 on the CPU; 'o' works, 'x' fails, '-' was not run.
File stack(const std::string& outcomes) {
  File file = bare_file();
  const char* const checks[] = {"int8_offload", "int8_cpu", "fp32"};
  for (size_t i = 0; i < 3; ++i)
    if (outcomes[i] != '-')
      add_stack_check(
          file, checks[i],
          outcomes[i] == 'o' ? results::FindingStatus::kOk : results::FindingStatus::kFail, "?");
  return file;
}

TEST(Fix, IsTracedToItsCauseBothWays) {
  EXPECT_EQ(verdict(stack("xoo"), "fix-is-fp32"), Verdict::kRefuted);
  EXPECT_EQ(verdict(stack("xoo"), "fix-is-device-map"), Verdict::kSupported);
  EXPECT_EQ(verdict(stack("xxo"), "fix-is-fp32"), Verdict::kSupported);
  EXPECT_EQ(verdict(stack("xxo"), "fix-is-device-map"), Verdict::kRefuted);
  for (const char* nothing_cured : {"ooo", "oxo", "xox", "xxx"}) {
    EXPECT_EQ(verdict(stack(nothing_cured), "fix-is-fp32"), Verdict::kInconclusive);
    EXPECT_EQ(verdict(stack(nothing_cured), "fix-is-device-map"), Verdict::kInconclusive);
  }
  for (const char* untested : {"---", "-oo", "x-o", "xo-"}) {
    EXPECT_EQ(verdict(stack(untested), "fix-is-fp32"), Verdict::kNotTested);
    EXPECT_NE(claim(stack(untested), "fix-is-fp32").command.find("nety diag --python"),
              std::string::npos);
  }
}

TEST(Offloading, IsJudgedFromTheSmallTest) {
  EXPECT_EQ(verdict(stack("x--"), "bnb-int8-offloaded"), Verdict::kRefuted);
  EXPECT_EQ(verdict(stack("o--"), "bnb-int8-offloaded"), Verdict::kSupported);
  EXPECT_EQ(verdict(stack("---"), "bnb-int8-offloaded"), Verdict::kNotTested);
}

TEST(Retry, HelpsWhereTheSecondCallWorks) {
  File file = stack("xoo");
  EXPECT_EQ(verdict(file, "retry-helps"), Verdict::kNotTested);
  add_stack_check(file, "int8_offload_retry", results::FindingStatus::kFail, "the same error");
  EXPECT_EQ(verdict(file, "retry-helps"), Verdict::kRefuted);
  file.findings.back().status = results::FindingStatus::kOk;
  EXPECT_EQ(verdict(file, "retry-helps"), Verdict::kSupported);
  File fine = stack("ooo");
  add_stack_check(fine, "int8_offload_retry", results::FindingStatus::kOk, "works");
  EXPECT_EQ(verdict(fine, "retry-helps"), Verdict::kInconclusive) << "nothing failed";
}

}  // namespace
}  // namespace nety::reports
