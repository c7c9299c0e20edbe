// nety report on files that were measured elsewhere, and the policy explained.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "core/base/files.h"
#include "core/results/json.h"
#include "tests/app/run.h"
#include "tests/reports/fixtures.h"
#include "tests/schema.h"

namespace nety::app {
namespace {

using testing::HasSubstr;

/// These results in a file of the test's own, as a word of a command line.
std::string written(const results::File& file, const std::string& name) {
  const std::string path = (test_folder() / name).string();
  write_file(path, results::to_json(file));
  return "'" + path + "'";
}

std::string machine_results() { return written(reports::machine_file(), "machine.json"); }

TEST(Report, EndsWithTheVerdictsAndThePathsOfItsFiles) {
  const auto folder = test_folder() / "out";
  const Outcome report = run("report " + machine_results() + " -o '" + folder.string() + "'");
  EXPECT_EQ(report.code, 0) << report.err;
  EXPECT_THAT(report.out, HasSubstr("it is not the best choice"));
  EXPECT_THAT(report.out, HasSubstr("refuted"));
  for (const char* name : {"report.json", "report.md", "report.html"}) {
    EXPECT_THAT(report.out, HasSubstr((folder / name).string()));
    EXPECT_TRUE(std::filesystem::exists(folder / name));
  }
  EXPECT_EQ(results::problems_of(slurp(folder / "report.json")), std::vector<std::string>{});
}

TEST(Report, HasTheClaimsInEveryFileThatKeepsThem) {
  const auto folder = test_folder() / "out";
  const std::string report = "report " + machine_results() + " -o '";
  EXPECT_EQ(run(report + folder.string() + "'").code, 0);
  const std::string kept = slurp(folder / "report.json");
  const auto claims = nlohmann::json::parse(kept).at("claims");
  EXPECT_GT(claims.size(), 20U);
  for (const char* name : {"x.json", "x.jsonl"}) {
    const auto path = test_folder() / name;
    EXPECT_EQ(run(report + path.string() + "'").code, 0);
    size_t found = 0;
    const std::string text = slurp(path);
    for (size_t at = 0; (at = text.find("\"statement\"", at)) != std::string::npos; ++at) ++found;
    EXPECT_EQ(found, claims.size()) << name;
  }
}

TEST(Report, SpeaksFrench) {
  const auto page = test_folder() / "page.html";
  const Outcome report =
      run("--lang fr report " + machine_results() + " -o '" + page.string() + "'");
  EXPECT_EQ(report.code, 0) << report.err;
  EXPECT_THAT(report.out, HasSubstr("ce n'est pas le meilleur choix"));
  EXPECT_THAT(slurp(page), HasSubstr("<html lang=\"fr\">"));
}

TEST(Report, EndsWithSixWhereAGateIsRefuted) {
  const std::string out = " -o '" + (test_folder() / "page.xml").string() + "'";
  const std::string report = "report " + machine_results() + out;
  EXPECT_EQ(run(report + " --gate bf16-faster").code, 0);
  EXPECT_EQ(run(report + " --gate gpu-4bit").code, 0) << "not tested is not refuted";
  const Outcome refuted = run(report + " --gate bf16-faster --gate best-admissible");
  EXPECT_EQ(refuted.code, 6);
  EXPECT_THAT(refuted.err, HasSubstr("claim best-admissible is refuted"));
  EXPECT_EQ(run(report + " --gate no-such-claim").code, 2);
}

TEST(Report, OfSeveralMachinesComparesThem) {
  const auto page = test_folder() / "fleet.md";
  const std::string files =
      machine_results() + " " + written(reports::laptop_file(), "laptop.json");
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
