// nety compare as CI calls it: commands that print result files, files, exit codes, outputs.
#include <gmock/gmock.h>

#include <map>
#include <nlohmann/json.hpp>

#include "core/results/results.h"
#include "tests/app/run.h"
#include "tests/schema.h"

namespace nety::app {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A result file with eight samples of decode and prefill rates around these.
std::string result_file(const std::string& name, double tg_tps, double pp_tps,
                        const std::string& machine = "m1") {
  nlohmann::json row = {{"machine", machine},  {"model", "m"},      {"mode", "fp32"},
                        {"backend", "native"}, {"phase", "decode"}, {"n_gen", 128},
                        {"n_prompt", 512},     {"status", "ok"}};
  for (const auto& [metric, rate] : {std::pair{"tg_tps", tg_tps}, {"pp_tps", pp_tps}}) {
    nlohmann::json samples = nlohmann::json::array();
    for (int i = 0; i < 8; ++i) samples.push_back(rate * (1 + 0.0001 * i));
    row["metrics"][metric] = {{"unit", "tok/s"}, {"median", rate}, {"samples", samples}};
  }
  const nlohmann::json file = {{"schema", "nety.results/1"},
                               {"machines", {{{"id", machine}, {"cpu", machine + " CPU"}}}},
                               {"models", {{{"id", "m"}, {"name", "m"}}}},
                               {"results", {row}}};
  const auto path = test_folder() / name;
  std::ofstream(path) << file.dump();
  return path.string();
}

std::string arms(const std::string& baseline, const std::string& candidate) {
  return "compare --baseline '" + baseline + "' --candidate '" + candidate + "' ";
}

TEST(CompareCommand, ExitsByItsVerdict) {
  const std::string base = result_file("base.json", 100, 1000),
                    slow = result_file("slow.json", 90, 1000);
  const Outcome worse = run(arms(base, slow));
  EXPECT_EQ(worse.code, 3) << worse.err;
  EXPECT_THAT(worse.out, HasSubstr("REGRESSION (limit 2 %)"));
  EXPECT_THAT(worse.out, HasSubstr("-10.0 %"));
  EXPECT_THAT(worse.out, HasSubstr("tg128 fp32"));
  EXPECT_EQ(run(arms(base, slow) + "--warn-only").code, 0);
  EXPECT_EQ(run(arms(base, slow) + "--gate pp_tps").code, 0);
  EXPECT_EQ(run(arms(base, slow) + "--gate tg_tps:20%").code, 0);
  EXPECT_EQ(run(arms(slow, base)).code, 0);
  EXPECT_THAT(run(arms(slow, base)).out, HasSubstr("improvement"));
  EXPECT_THAT(run("--lang fr " + arms(base, slow)).out, HasSubstr("RÉGRESSION (limite 2 %)"));
}

TEST(CompareCommand, RefusesFilesOfOtherMachines) {
  const Outcome other =
      run(arms(result_file("a.json", 100, 1), result_file("b.json", 100, 1, "m2")));
  EXPECT_EQ(other.code, 5);
  EXPECT_THAT(other.out, HasSubstr("cpu: m1 CPU, m2 CPU"));
}

TEST(CompareCommand, WritesEveryFormat) {
  const std::string base = result_file("base.json", 100, 1000),
                    slow = result_file("slow.json", 90, 1000);
  const auto out = [](const char* name) { return (test_folder() / name).string(); };
  const Outcome both = run(arms(base, slow) + "--json -o '" + out("c.md") + "' -o '" +
                           out("c.xml") + "' -o '" + out("c.html") + "' --annotations");
  EXPECT_EQ(both.code, 3) << both.err;
  const auto json = nlohmann::json::parse(both.out);
  EXPECT_EQ(json["comparisons"][0]["verdict"], "regression");
  EXPECT_EQ(json["comparisons"][0]["gated"], true);
  EXPECT_NEAR(json["comparisons"][0]["ratio"]["median"].get<double>(), 0.9, 1e-6);
  EXPECT_EQ(json["comparisons"][0]["ratio"]["ci"]["level"], 0.975);
  EXPECT_THAT(slurp(out("c.md")), HasSubstr("**REGRESSION (limit 2 %)**"));
  EXPECT_THAT(slurp(out("c.xml")), HasSubstr("failures=\"1\""));
  EXPECT_THAT(slurp(out("c.html")), HasSubstr("REGRESSION"));
  EXPECT_THAT(both.err, HasSubstr("::error title=nety compare::tg128 fp32"));
}

TEST(CompareCommand, RunsCommandsThatPrintResultFiles) {
  const std::string base = result_file("base.json", 100, 1000),
                    slow = result_file("slow.json", 90, 1000);
  const Outcome outcome = run(arms("cat " + base, "cat " + slow) + "--pairs 10:12");
  EXPECT_EQ(outcome.code, 3) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("10 pairs, interleaved ABBA"));
  EXPECT_THAT(outcome.out, HasSubstr("A/A check passed"));
  const Outcome broken = run(arms("cat " + base, "cat /nowhere/at-all") + "--pairs 10");
  EXPECT_EQ(broken.code, 5);
  EXPECT_THAT(broken.err, HasSubstr("/nowhere/at-all"));
}

TEST(CompareCommand, IsStrictWhenAsked) {
  // Every second observation is slower, the others faster: enough pairs, but not decided.
  const std::string base = result_file("base.json", 100, 1000),
                    slow = result_file("slow.json", 90, 1000),
                    fast = result_file("fast.json", 110, 1000);
  const std::string count = (test_folder() / "count").string();
  const std::string changing = "n=$(cat " + count + "); echo $((n + 1)) >" + count +
                               "; if [ $((n / 2 % 2)) = 0 ]; then cat " + slow + "; else cat " +
                               fast + "; fi";
  const auto compared = [&](const std::string& options) {
    std::ofstream(count) << "0\n";
    return run("compare --no-self-check --pairs 8 --baseline 'cat " + base + "' --candidate '" +
               changing + "' " + options);
  };
  EXPECT_EQ(compared("").code, 0);
  const Outcome strict = compared("--strict");
  EXPECT_EQ(strict.code, 4) << strict.out << strict.err;
  EXPECT_THAT(strict.out, HasSubstr("more pairs would decide"));
}

TEST(CompareCommand, DoesNotPassAGateThatNothingCouldShut) {
  const std::string base = result_file("base.json", 100, 1000),
                    slow = result_file("slow.json", 23, 230);
  for (const char* candidate : {base.c_str(), slow.c_str()}) {
    const std::string both = arms("cat " + base, std::string("cat ") + candidate);
    const Outcome few = run(both + "--pairs 6");
    EXPECT_EQ(few.code, 4) << few.out;
    EXPECT_THAT(few.err, HasSubstr("--pairs 6"));
    EXPECT_THAT(few.err, HasSubstr("at least 7"));
    EXPECT_THAT(few.out, HasSubstr("6 samples decide nothing here"));
    EXPECT_EQ(run(both + "--pairs 6 --warn-only").code, 0);
    EXPECT_EQ(run(both + "--pairs 5 --gate tg_tps").code, 4);
  }
  EXPECT_EQ(run(arms("cat " + base, "cat " + slow) + "--pairs 7").code, 3);
  EXPECT_EQ(run(arms("cat " + base, "cat " + slow) + "--pairs 6 --gate tg_tps").code, 3);
}

TEST(CompareCommand, ExplainsMistakes) {
  const std::string base = result_file("base.json", 100, 1000);
  const auto refused = [](const std::string& arguments, const char* what) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, 2) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(what));
    EXPECT_THAT(outcome.err, HasSubstr("\n      "));
  };
  refused("compare", "--baseline");
  refused(arms("nowhere", base), "nowhere");
  refused(arms("cat " + base, base), "result file");
  refused(arms(base, base) + "--gate speed", "speed");
  refused(arms(base, base) + "--gate tg_tps:x", "tg_tps:x");
  refused(arms(base, base) + "--pairs 9:3", "9:3");
  refused(arms(base, base) + "--pairs ten", "ten");
}

TEST(CompareCommand, MeasuresTwoProgramsOfOurs) {
  if (default_model().empty()) GTEST_SKIP() << "the default model is not in the cache";
  const Outcome outcome =
      run(arms(nety(), nety()) + "--pairs 1 --no-self-check -p 16 -n 4 --mode stored --json");
  ASSERT_EQ(outcome.code, 4) << outcome.err;  // one pair decides nothing
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["comparisons"][0]["metric"], "tg_tps");
  EXPECT_EQ(json["comparisons"][0]["ratio"]["n"], 1);
  EXPECT_EQ(json["models"][0]["path"], default_model());
  EXPECT_EQ(results::problems_of(outcome.out), std::vector<std::string>{});
  for (const auto& comparison : json["comparisons"]) {
    if (comparison["metric"] == "weights_bytes") {
      EXPECT_EQ(comparison["verdict"], "same");
    }
  }
}

TEST(CompareCommand, MeasuresTwoProgramsOfOursWithItsOwnPromptAndAnswer) {
  const std::string model = data("checkpoints/fp32");
  const Outcome outcome = run(arms(nety(), nety()) + "--pairs 2 --json --model '" + model + "'");
  ASSERT_TRUE(outcome.code == 4 || outcome.code == 5) << outcome.err;  // 5: A differs from A
  std::map<std::string, nlohmann::json> gated;
  const auto json = nlohmann::json::parse(outcome.out);
  for (const auto& comparison : json["comparisons"])
    if (comparison["gated"]) gated[comparison["metric"]] = comparison;
  ASSERT_EQ(gated.size(), 2U) << outcome.out;
  EXPECT_EQ(gated["pp_tps"]["n_prompt"], 512);
  EXPECT_EQ(gated["tg_tps"]["n_gen"], 128);
  for (const auto& [metric, comparison] : gated) EXPECT_EQ(comparison["ratio"]["n"], 2) << metric;
}

}  // namespace
}  // namespace nety::app
