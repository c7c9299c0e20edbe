// nety trend: histories as files, exit codes, formats, mistakes.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/app/run.h"
#include "tests/schema.h"

namespace nety::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string line(const std::string& commit, double value, const std::string& metric = "tg_tps") {
  return nlohmann::json{{"commit", commit}, {"created_utc", "2026-10-01T00:00:00Z"},
                        {"machine", "m1"},  {"metric", metric},
                        {"mode", "fp32"},   {"n_prompt", 0},
                        {"n_gen", 128},     {"depth", 0},
                        {"unit", "tok/s"},  {"candidate", value},
                        {"verdict", "same"}}
             .dump() +
         "\n";
}

/// 30 runs about 80 tok/s, from the twentieth on at `after` times that.
std::string history(double after, const std::string& name = "history.jsonl") {
  const auto path = test_folder() / name;
  std::ofstream file(path, std::ios::trunc);
  for (int i = 0; i < 30; ++i)
    file << line("c" + std::to_string(i),
                 80 * (i < 20 ? 1 : after) * (1 + 0.003 * (i * 7 % 5 - 2) / 2));
  return path.string();
}

std::string quoted(const std::string& path) { return "trend '" + path + "' "; }

TEST(TrendCommand, NamesTheCommitsBetweenWhichItGotWorse) {
  const Outcome worse = run(quoted(history(0.95)));
  EXPECT_EQ(worse.code, 3) << worse.err;
  EXPECT_THAT(worse.out,
              AllOf(HasSubstr("Worse since a change that nothing has undone: tg128 fp32 (-5.0"),
                    HasSubstr("WORSE"), HasSubstr("between c19 and c20 (2026-10-01)"),
                    HasSubstr("machine m1"), HasSubstr("30 runs")));
  const Outcome french = run("--lang fr " + quoted(history(0.95)));
  EXPECT_THAT(french.out,
              AllOf(HasSubstr("PIRE"), HasSubstr("entre c19 et c20"), HasSubstr("-5,0")));
}

TEST(TrendCommand, EndsWithZeroWhereNothingIsWorse) {
  const Outcome flat = run(quoted(history(1)));
  EXPECT_EQ(flat.code, 0) << flat.out;
  EXPECT_THAT(flat.out, HasSubstr("no change"));
  const Outcome better = run(quoted(history(1.05)));
  EXPECT_EQ(better.code, 0);
  EXPECT_THAT(better.out, HasSubstr("better"));
  EXPECT_EQ(run(quoted(history(0.95)) + "--warn-only").code, 0);
  EXPECT_EQ(run(quoted(history(0.95)) + "--margin 10").code, 0);
}

TEST(TrendCommand, LetsAKnownChangeBe) {
  EXPECT_EQ(run(quoted(history(0.95)) + "--since c19").code, 3);
  EXPECT_EQ(run(quoted(history(0.95)) + "--since c20").code, 0);
  const Outcome unknown = run(quoted(history(0.95)) + "--since beef");
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("beef"));
}

TEST(TrendCommand, WritesEveryFormat) {
  const auto folder = test_folder();
  const Outcome outcome =
      run(quoted(history(0.95)) + "-o '" + (folder / "t.json").string() + "' -o '" +
          (folder / "t.md").string() + "' -o '" + (folder / "t.svg").string() + "' -o '" +
          (folder / "t.txt").string() + "' --json");
  EXPECT_EQ(outcome.code, 3) << outcome.err;
  EXPECT_EQ(outcome.out, slurp(folder / "t.json"));
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["schema"], "nety.trend/1");
  EXPECT_EQ(results::problems_of(outcome.out), std::vector<std::string>{});
  const auto& series = json["series"][0];
  EXPECT_EQ(series["worse_now"], true);
  const auto& change = series["changes"][0];
  EXPECT_EQ(change["verdict"], "worse");
  EXPECT_EQ(change["last_before"], "c19");
  EXPECT_EQ(change["first_after"], "c20");
  EXPECT_NEAR(change["size"].get<double>(), -0.05, 0.005);
  EXPECT_LT(change["interval"][0], change["interval"][1]);
  EXPECT_THAT(slurp(folder / "t.md"), AllOf(HasSubstr("| WORSE | -5.0"), HasSubstr("### tg128")));
  EXPECT_THAT(slurp(folder / "t.svg"), AllOf(HasSubstr("<svg xmlns"), HasSubstr("-5.0")));
  EXPECT_THAT(slurp(folder / "t.txt"), HasSubstr("WORSE"));
}

TEST(TrendCommand, LetsNothingOfAFileActOnItsReaders) {
  const auto path = test_folder() / "history.jsonl";
  std::ofstream file(path, std::ios::trunc);
  for (int i = 0; i < 20; ++i) file << line("<b>|\x1b[31m" + std::to_string(i), i < 10 ? 80 : 60);
  file.close();
  const auto svg = test_folder() / "t.svg", md = test_folder() / "t.md";
  const Outcome outcome =
      run(quoted(path.string()) + "-o '" + svg.string() + "' -o '" + md.string() + "'");
  EXPECT_EQ(outcome.code, 3) << outcome.err;
  EXPECT_THAT(outcome.out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(slurp(svg), AllOf(Not(HasSubstr("<b>")), Not(HasSubstr("\x1b"))));
  EXPECT_THAT(slurp(md), Not(HasSubstr("<b>|")));
}

TEST(TrendCommand, AddsWhatWasCompared) {
  const auto folder = test_folder();
  const auto compared = folder / "compare.json", path = folder / "history.jsonl";
  std::filesystem::remove(path);
  const nlohmann::json result = {{"schema", "nety.results/1"},
                                 {"created_utc", "2026-11-25T12:00:00Z"},
                                 {"machines", {{{"id", "m1"}}}},
                                 {"comparisons",
                                  {{{"metric", "tg_tps"},
                                    {"mode", "fp32"},
                                    {"n_gen", 128},
                                    {"gated", true},
                                    {"verdict", "same"},
                                    {"baseline", {{"unit", "tok/s"}, {"median", 80}}},
                                    {"candidate", {{"unit", "tok/s"}, {"median", 81}}},
                                    {"ratio", {{"unit", "ratio"}, {"median", 1.0125}}}}}}};
  std::ofstream(compared) << result.dump();
  const std::string add = "trend '" + path.string() + "' --add '" + compared.string() + "' ";
  for (int i = 0; i < 2; ++i) {
    const Outcome added = run(add + "--commit abc");
    EXPECT_EQ(added.code, 0) << added.err;
    EXPECT_THAT(added.out, HasSubstr("too few runs"));
  }
  const std::string text = slurp(path);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  EXPECT_EQ(run(add).code, 2) << "without a commit";
}

struct Mistake {
  const char* name;
  const char* arguments;
  int code;
  const char* says;
};
class TrendMistake : public testing::TestWithParam<Mistake> {};

TEST_P(TrendMistake, IsOneMessageWithAWayOut) {
  const auto folder = test_folder();
  std::ofstream(folder / "empty.jsonl").flush();
  std::ofstream(folder / "bad.jsonl") << line("a", 1) << "nonsense\n";
  std::ofstream(folder / "none.json") << R"({"schema": "nety.results/1"})";
  std::ofstream(folder / "good.jsonl") << line("a", 1);
  std::string arguments = GetParam().arguments;
  for (size_t at; (at = arguments.find("@")) != std::string::npos;)
    arguments.replace(at, 1, folder.string());
  const Outcome outcome = run("trend " + arguments);
  EXPECT_EQ(outcome.code, GetParam().code) << outcome.err;
  EXPECT_THAT(outcome.err, AllOf(testing::StartsWith("nety: "), HasSubstr(GetParam().says),
                                 HasSubstr("\n      ")));
  EXPECT_EQ(outcome.out, "");
}

INSTANTIATE_TEST_SUITE_P(
    , TrendMistake,
    testing::Values(
        Mistake{"NoFile", "", 2, "history file"},
        Mistake{"Missing", "@/missing.jsonl", 1, "missing.jsonl"},
        Mistake{"Empty", "@/empty.jsonl", 2, "no lines yet"},
        Mistake{"Folder", "@", 2, "is a folder"},
        Mistake{"BadLine", "@/bad.jsonl", 2, "bad.jsonl:2"},
        Mistake{"Format", "@/good.jsonl -o x.pdf", 2, "x.pdf"},
        Mistake{"Place", "@/good.jsonl -o /no/such/folder/x.md", 1, "/no/such/folder"},
        Mistake{"Margin", "@/good.jsonl --margin -1", 2, "margin"},
        Mistake{"NothingGated", "@/good.jsonl --add @/none.json --commit a", 2, "none.json"},
        Mistake{"NotCompared", "@/good.jsonl --add @/good.jsonl --commit a", 2, "good.jsonl"},
        Mistake{"AddToNowhere", "/no/such/folder/h.jsonl --add @/none.json --commit a", 2,
                "none.json"}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace nety::app
