// nety diag as a script uses it: exit codes, files, and what it promises to finish.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <set>

#include "core/results/results.h"
#include "tests/app/run.h"
#include "tests/schema.h"

namespace nety::app {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

TEST(Diag, TriesEveryModeQuickly) {
  const auto file = test_folder() / "diag.json";
  const Outcome run = app::run("diag --quick --json -o '" + file.string() + "'");
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(results::problems_of(run.out), std::vector<std::string>{}) << "the published schema";
  const json printed = json::parse(run.out);
  EXPECT_EQ(printed, json::parse(slurp(file)));
  EXPECT_EQ(printed.at("schema"), "nety.results/1");
  std::set<std::string> modes;
  for (const json& row : printed.at("results"))
    if (row.at("backend") == "native") {
      EXPECT_EQ(row.at("status"), "ok") << row.dump();
      EXPECT_LE(row.at("metrics").at("error_share").at("median"), 1) << row.dump();
      modes.insert(row.at("mode"));
    }
  EXPECT_TRUE(modes.contains("fp32") && modes.contains("int8") && modes.contains("nf4-dq"));
  std::set<std::string> findings;
  for (const json& finding : printed.at("findings")) findings.insert(finding.at("id"));
  EXPECT_TRUE(findings.contains("mode.int8.native"));
  EXPECT_FALSE(findings.contains("memory.bandwidth")) << "nothing is timed";
}

TEST(Diag, NamesEveryRequirementThatIsNotMet) {
  const Outcome run = app::run(
      "diag --quick --require 'threads>=1' --require 'ram>=1000TiB' --require 'bandwidth>=1GB/s' "
      "--require mode:fp32=viable --require fits:fp32");
  EXPECT_EQ(run.code, 6);
  EXPECT_THAT(run.err, HasSubstr("3 of 5 requirements not met"));
  EXPECT_THAT(run.err, HasSubstr("ram>=1000TiB  found: "));
  EXPECT_THAT(run.err, HasSubstr("bandwidth>=1GB/s  found: not measured"));
  EXPECT_THAT(run.err, HasSubstr("fits:fp32  found: no MODEL"));
  EXPECT_THAT(run.err, Not(HasSubstr("threads>=1")));
  EXPECT_THAT(run.out, HasSubstr("Required: ram>=1000TiB")) << "the screen is drawn all the same";
  EXPECT_EQ(app::run("diag --quick --require 'threads>=1' --require mode:int8").code, 0);
}

// The screen tells what was done: how long it takes depends on the machine's other programs.
TEST(Diag, AGateAsksOnlyWhatItNeeds) {
  const Outcome size = app::run("diag --require 'ram>=1MB' --require 'threads>=1'");
  EXPECT_EQ(size.code, 0) << size.err;
  EXPECT_THAT(size.out, HasSubstr("only what --require needs"));
  EXPECT_THAT(size.out, HasSubstr("Required: ram>=1MB"));
  EXPECT_THAT(size.out, Not(HasSubstr("GB/s"))) << "nothing was measured";
  EXPECT_THAT(size.out, Not(HasSubstr("fp32"))) << "no mode was tried";
  const Outcome rate = app::run("diag --require 'bandwidth>=1MB/s'");
  EXPECT_EQ(rate.code, 0) << rate.err;
  EXPECT_THAT(rate.out, HasSubstr("GB/s"));
  EXPECT_THAT(rate.out, Not(HasSubstr("viable"))) << "no mode was tried";
  EXPECT_THAT(rate.out, Not(HasSubstr("OP/s"))) << "arithmetic was not asked for";
  EXPECT_THAT(rate.out, Not(HasSubstr("triad")));
  const Outcome peak = app::run("diag --require 'fp32_rate>=0.001GFLOP/s'");
  EXPECT_EQ(peak.code, 0) << peak.err;
  EXPECT_THAT(peak.out, HasSubstr("OP/s"));
  EXPECT_THAT(peak.out, Not(HasSubstr("GB/s"))) << "nothing was read";
  const Outcome both = app::run("diag --quick --require 'bandwidth>=1MB/s'");
  EXPECT_EQ(both.code, 6) << "--quick times nothing";
  const Outcome mode = app::run("diag --quick --require mode:int8");
  EXPECT_EQ(mode.code, 0) << mode.err;
  EXPECT_THAT(mode.out, HasSubstr("Required: mode:int8"));
}

TEST(Diag, RefusesRequirementsItDoesNotKnowBeforeItTriesAnything) {
  const Outcome run = app::run("diag --require 'rma>=16GiB'");
  EXPECT_EQ(run.code, 2);
  EXPECT_THAT(run.err, HasSubstr("unknown name 'rma'"));
  EXPECT_THAT(run.err, HasSubstr("ram, "));
  EXPECT_EQ(run.out, "");
  const Outcome help = app::run("diag --require help");
  EXPECT_EQ(help.code, 0);
  EXPECT_THAT(help.out, HasSubstr("ram>=16GiB"));
  EXPECT_THAT(app::run("--lang fr diag --require help").out, HasSubstr("Opérateurs"));
}

TEST(Diag, ShowsWhatAnOlderMachineWouldGet) {
  const Outcome scalar = app::run("diag --quick --json --isa scalar");
  ASSERT_EQ(scalar.code, 0) << scalar.err;
  const json said = json::parse(scalar.out);
  for (const json& row : said.at("results")) {
    if (row.at("backend") != "native") continue;
    EXPECT_EQ(row.at("isa"), "scalar");
    EXPECT_THAT(row.at("kernel").get<std::string>(), HasSubstr("scalar")) << row.dump();
    EXPECT_EQ(row.at("status"), "ok") << row.dump();
  }
}

/// Tags that are opened are closed, in order; attributes are quoted; nothing else has a '<'.
bool is_well_formed(const std::string& xml) {
  std::vector<std::string> open;
  for (size_t at = xml.find('<'); at != std::string::npos; at = xml.find('<', at + 1)) {
    const size_t end = xml.find('>', at);
    if (end == std::string::npos) return false;
    const std::string tag = xml.substr(at + 1, end - at - 1);
    const std::string name = tag.substr(0, tag.find_first_of(" /", 1));
    if (tag.starts_with("?") || tag.ends_with("/")) continue;
    if (!tag.starts_with("/")) {
      open.push_back(name);
      continue;
    }
    if (open.empty() || "/" + open.back() != tag) return false;
    open.pop_back();
  }
  return open.empty();
}

TEST(Diag, NamesTheModelThatItLookedInto) {
  const Outcome outcome = app::run("diag --quick --json '" + data("checkpoints/fp32") + "'");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const json file = json::parse(outcome.out);
  ASSERT_EQ(file.at("models").size(), 1U);
  EXPECT_EQ(file["models"][0].at("format"), "huggingface");
  EXPECT_EQ(file["models"][0].at("path"), data("checkpoints/fp32"));
}

TEST(Diag, WritesJUnitAndMarkdown) {
  const auto folder = test_folder();
  const std::string xml = (folder / "diag.xml").string(), md = (folder / "diag.md").string();
  const Outcome run = app::run("diag --quick --require 'threads>1000&\"<x' -o '" + xml + "'");
  EXPECT_EQ(run.code, 2) << "no such number";
  const Outcome good =
      app::run("diag --quick --require 'threads>=1000' --require 'threads<1000' -o '" + xml +
               "' -o '" + md + "'");
  EXPECT_EQ(good.code, 6);
  const std::string junit = slurp(xml);
  EXPECT_TRUE(is_well_formed(junit)) << junit;
  EXPECT_THAT(junit, HasSubstr("<testcase classname=\"nety.require\" name=\"Required: "
                               "threads&gt;=1000\">\n    <failure"));
  EXPECT_THAT(junit, HasSubstr("name=\"mode.fp32.native\""));
  EXPECT_FALSE(is_well_formed("<a><b></a>"));
  const std::string markdown = slurp(md);
  EXPECT_THAT(markdown, HasSubstr("| fp32 | native | viable |"));
  EXPECT_THAT(markdown, HasSubstr("- **fail** · Required: threads"));
}

}  // namespace
}  // namespace nety::app
