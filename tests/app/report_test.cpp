// nety report on files that were measured elsewhere, and the policy explained.
#include <gmock/gmock.h>

#include "tests/app/run.h"
#include "tests/results/schema.h"

namespace nety::app {
namespace {

using testing::HasSubstr;

std::string results(const std::string& name) { return "'" + data("reports/" + name) + "'"; }

TEST(Report, EndsWithTheVerdictsAndThePathsOfItsFiles) {
  const auto folder = test_folder() / "out";
  const Outcome report = run("report " + results("machine.json") + " -o '" + folder.string() + "'");
  EXPECT_EQ(report.code, 0) << report.err;
  EXPECT_THAT(report.out, HasSubstr("it is not the best choice"));
  EXPECT_THAT(report.out, HasSubstr("refuted"));
  for (const char* name : {"report.json", "report.md", "report.html"}) {
    EXPECT_THAT(report.out, HasSubstr((folder / name).string()));
    EXPECT_TRUE(std::filesystem::exists(folder / name));
  }
  EXPECT_EQ(results::problems_of(slurp(folder / "report.json")), std::vector<std::string>{});
}

TEST(Report, SpeaksFrench) {
  const auto page = test_folder() / "page.html";
  const Outcome report =
      run("--lang fr report " + results("machine.json") + " -o '" + page.string() + "'");
  EXPECT_EQ(report.code, 0) << report.err;
  EXPECT_THAT(report.out, HasSubstr("ce n'est pas le meilleur choix"));
  EXPECT_THAT(slurp(page), HasSubstr("<html lang=\"fr\">"));
}

TEST(Report, EndsWithSixWhereAGateIsRefuted) {
  const std::string out = " -o '" + (test_folder() / "page.xml").string() + "'";
  const std::string report = "report " + results("machine.json") + out;
  EXPECT_EQ(run(report + " --gate bf16-faster").code, 0);
  EXPECT_EQ(run(report + " --gate gpu-4bit").code, 0) << "not tested is not refuted";
  const Outcome refuted = run(report + " --gate bf16-faster --gate best-admissible");
  EXPECT_EQ(refuted.code, 6);
  EXPECT_THAT(refuted.err, HasSubstr("claim best-admissible is refuted"));
  EXPECT_EQ(run(report + " --gate no-such-claim").code, 2);
}

TEST(Report, OfSeveralMachinesComparesThem) {
  const auto page = test_folder() / "fleet.md";
  const std::string files = results("machine.json") + " " + results("laptop.json");
  const Outcome report = run("report " + files + " -o '" + page.string() + "'");
  EXPECT_EQ(report.code, 0) << report.err;
  const std::string text = slurp(page);
  EXPECT_THAT(text, HasSubstr("## All machines"));
  EXPECT_THAT(text, HasSubstr("AMD EPYC"));
  EXPECT_THAT(text, HasSubstr("Intel Core i5-8250U"));
  const auto merged = test_folder() / "fleet.json";
  EXPECT_EQ(run("report " + files + " -o '" + merged.string() + "'").code, 0);
  EXPECT_EQ(results::problems_of(slurp(merged)), std::vector<std::string>{});
  EXPECT_EQ(run("report " + files + " -o '" + page.string() + "' --gate cpu-fp32-best").code, 6)
      << "refuted on one of them";
}

TEST(Diag, ExplainsThePolicyFromRequestToWhatIf) {
  if (default_model().empty()) GTEST_SKIP() << "no default model in the cache";
  const Outcome diag = run("diag --explain-policy");
  EXPECT_EQ(diag.code, 0) << diag.err;
  for (const char* part : {"Request\n", "Machine\n", "Model\n", "Evidence\n", "Rules\n",
                           "Decision\n", "What if\n", "by the rule stored", "half of the memory"})
    EXPECT_THAT(diag.out, HasSubstr(part));
  EXPECT_THAT(run("--lang fr diag --explain-policy").out, HasSubstr("Et si\n"));
}

}  // namespace
}  // namespace nety::app
