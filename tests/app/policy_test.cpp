// --policy as a user gives it, and a report by slices from the command line to its file.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/app/run.h"

namespace nety::app {
namespace {

using ::testing::HasSubstr;

std::string tiny() { return " '" + data("checkpoints/fp32") + "' "; }

TEST(PolicyOption, IsTakenByWhatAsksThePolicy) {
  const Outcome diag = run("diag --explain-policy" + tiny() + "--policy measured");
  EXPECT_EQ(diag.code, 0) << diag.err;
  EXPECT_THAT(diag.out, HasSubstr("policy: measured"));
  EXPECT_THAT(diag.out, HasSubstr("Nothing admissible was measured here"));
  const Outcome plain = run("diag --explain-policy" + tiny());
  EXPECT_THAT(plain.out, HasSubstr("policy: written"));
  for (const char* command : {"generate", "chat", "logits", "diag"})
    EXPECT_THAT(run(std::string(command) + " --help").out, HasSubstr("--policy")) << command;
  EXPECT_EQ(run("generate" + tiny() + "--policy guess -p x").code, 2);
}

TEST(PolicyOption, IsTakenFromAConfigFile) {
  const std::string config = (test_folder() / "config").string();
  std::ofstream(config) << "[diag]\npolicy=measured\n";
  const Outcome diag = run("--config '" + config + "' diag --explain-policy" + tiny());
  EXPECT_EQ(diag.code, 0) << diag.err;
  EXPECT_THAT(diag.out, HasSubstr("policy: measured"));
}

TEST(Report, MeasuresBySlicesAndSaysWhenItEnds) {
  const std::string file = (test_folder() / "report.json").string();
  const Outcome report =
      run("report" + tiny() + "--modes fp32,bf16 --backends native --budget 10s -o '" + file + "'",
          "NETY_ISA=scalar");
  EXPECT_EQ(report.code, 0) << report.err;
  EXPECT_THAT(report.err, HasSubstr("Measuring for "));
  const auto json = nlohmann::json::parse(slurp(file));
  int decodes = 0;
  for (const auto& row : json.at("results")) {
    EXPECT_EQ(row.at("conditions").at("isa"), "scalar");
    if (row.at("phase") != "decode") continue;
    ++decodes;
    const auto& rate = row.at("metrics").at("tg_tps");
    EXPECT_GE(rate.at("n"), 6);
    EXPECT_EQ(rate.at("turns").size(), rate.at("samples").size());
  }
  EXPECT_EQ(decodes, 2);
  // By rounds where their number is given.
  const Outcome rounds =
      run("report" + tiny() + "--modes fp32 --backends native -r 1 -p 8 -n 4 -o '" + file + "'");
  EXPECT_EQ(rounds.code, 0) << rounds.err;
  EXPECT_THAT(slurp(file), ::testing::Not(HasSubstr("\"turns\"")));
}

}  // namespace
}  // namespace nety::app
