// The history file: lines are added, read back as series, and bad ones are named.
#include "core/results/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"

namespace nety::results {
namespace {

using ::testing::HasSubstr;

std::string line(const std::string& commit, double value, const std::string& machine = "m",
                 const std::string& metric = "tg_tps") {
  return R"({"commit": ")" + commit + R"(", "created_utc": "2026-01-01T00:00:00Z", "machine": ")" +
         machine + R"(", "metric": ")" + metric +
         R"(", "mode": "fp32", "n_prompt": 0, "n_gen": 128, "depth": 0, "unit": "tok/s", )" +
         R"("candidate": )" + std::to_string(value) + "}\n";
}

File compared() {
  File file;
  file.created_utc = "2026-11-25T12:00:00Z";
  file.machines.emplace_back().id = "m1";
  Comparison& gated = file.comparisons.emplace_back();
  gated.metric = "tg_tps";
  gated.mode = "fp32";
  gated.n_gen = 128;
  gated.gated = true;
  gated.verdict = "same";
  gated.baseline = exactly("tok/s", 80);
  gated.candidate = exactly("tok/s", 81);
  gated.ratio = derived("ratio", 1.0125, {});
  file.comparisons.push_back(gated);
  file.comparisons.back().gated = false;
  return file;
}

TEST(History, KeepsALinePerGatedFigure) {
  const std::string lines = history_lines(compared(), "c.json", "abc");
  EXPECT_EQ(lines,
            R"({"commit":"abc","created_utc":"2026-11-25T12:00:00Z","machine":"m1",)"
            R"("metric":"tg_tps","mode":"fp32","n_prompt":0,"n_gen":128,"depth":0,"unit":"tok/s",)"
            R"("baseline":80.0,"candidate":81.0,"ratio":1.0125,"verdict":"same"})"
            "\n");
  const auto history = read_history(lines + lines, "h");
  ASSERT_EQ(history.size(), 1U);
  EXPECT_EQ(history[0].machine, "m1");
  EXPECT_EQ(history[0].n_gen, 128);
  ASSERT_EQ(history[0].points.size(), 2U);
  EXPECT_EQ(history[0].points[1].commit, "abc");
  EXPECT_EQ(history[0].points[1].value, 81);
}

TEST(History, OfAnUngatedComparisonIsNone) {
  File file = compared();
  for (Comparison& comparison : file.comparisons) comparison.gated = false;
  try {
    history_lines(file, "c.json", "abc");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_THAT(error.what(), HasSubstr("c.json"));
    EXPECT_THAT(error.hint(), HasSubstr("nety compare"));
  }
}

TEST(History, OfEachMachineAndFigureIsASeries) {
  const auto history = read_history(line("a", 1) + "\n" + line("a", 2, "n") +
                                        line("a", 3, "m", "pp_tps") + "  \r\n" + line("b", 4),
                                    "h");
  ASSERT_EQ(history.size(), 3U);
  EXPECT_EQ(history[0].points.size(), 2U);
  EXPECT_EQ(history[0].points[1].value, 4);
  EXPECT_EQ(history[1].machine, "n");
  EXPECT_EQ(history[2].metric, "pp_tps");
}

TEST(History, TakesTheLastLineWithoutANewline) {
  std::string text = line("a", 1) + line("b", 2);
  text.pop_back();
  EXPECT_EQ(read_history(text, "h")[0].points.size(), 2U);
}

struct BadLine {
  const char* name;
  std::string text;
  const char* says;
};
class BadHistory : public testing::TestWithParam<BadLine> {};

TEST_P(BadHistory, IsRefusedByTheNumberOfTheLine) {
  try {
    read_history(line("a", 1) + GetParam().text + "\n", "h.jsonl");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_THAT(error.what(), HasSubstr("h.jsonl:2: not a line of a history"));
    EXPECT_THAT(error.what(), HasSubstr(GetParam().says));
    EXPECT_FALSE(error.hint().empty());
  }
}

INSTANTIATE_TEST_SUITE_P(
    , BadHistory,
    testing::Values(
        BadLine{"Words", "nonsense", "syntax"}, BadLine{"Cut", R"({"commit": "a")", ""},
        BadLine{"Number", "12", ""}, BadLine{"Empty", "{}", "machine"},
        BadLine{"Binary", std::string("\xff\x00\x01", 3), ""},
        BadLine{"NoValue", R"({"machine": "m", "metric": "t", "commit": "a"})", "candidate"},
        BadLine{"Null", R"({"machine": "m", "metric": "t", "commit": "a", "candidate": null})",
                "number"},
        BadLine{"Zero", R"({"machine": "m", "metric": "t", "commit": "a", "candidate": 0})",
                "not above 0"},
        BadLine{"Negative", R"({"machine": "m", "metric": "t", "commit": "a", "candidate": -3})",
                "not above 0"},
        BadLine{"Infinite", R"({"machine": "m", "metric": "t", "commit": "a", "candidate": 1e999})",
                ""},
        BadLine{"TextForANumber",
                R"({"machine": "m", "metric": "t", "commit": "a", "candidate": "80"})", "string"},
        BadLine{"CommitIsANumber",
                R"({"machine": "m", "metric": "t", "commit": 7, "candidate": 80})", "number"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(History, WithoutLinesSaysWhoAddsSome) {
  for (const char* text : {"", "\n\n"}) try {
      read_history(text, "h.jsonl");
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      EXPECT_THAT(error.hint(), HasSubstr("ci/regression"));
    }
}

std::string steps(double before, double after, const std::string& metric) {
  std::string text;
  for (int i = 0; i < 20; ++i)
    text += line(std::to_string(i), (i < 10 ? before : after) * (1 + 0.001 * (i % 3)), "m", metric);
  return text;
}

TEST(Trend, KnowsWhatIsWorseForEachMetric) {
  const auto worse = [](double before, double after, const char* metric) {
    return find_trends(read_history(steps(before, after, metric), "h"), {})[0].not_mended() !=
           nullptr;
  };
  EXPECT_TRUE(worse(100, 90, "tg_tps"));
  EXPECT_FALSE(worse(90, 100, "tg_tps"));
  EXPECT_TRUE(worse(90, 100, "load_s"));
  EXPECT_FALSE(worse(100, 90, "load_s"));
  EXPECT_FALSE(worse(100, 100, "tg_tps"));
  EXPECT_FALSE(worse(100, 90, "of_another_tool")) << "nobody knows which way is better";
}

TEST(Trend, IsNotWorseOnceItWasMended) {
  std::string text;
  for (int i = 0; i < 36; ++i)
    text += line(std::to_string(i), (i < 12 || i >= 24 ? 100 : 90) * (1 + 0.002 * (i % 3)));
  const auto trends = find_trends(read_history(text, "h"), {});
  ASSERT_EQ(trends[0].found.changes.size(), 2U);
  EXPECT_EQ(trends[0].not_mended(), nullptr);
}

TEST(Trend, IsWorseWhileLessThanHalfOfItWasMended) {
  std::string text;
  for (int i = 0; i < 36; ++i)
    text += line(std::to_string(i), (i < 12 ? 100 : i < 24 ? 90 : 93) * (1 + 0.002 * (i % 3)));
  const auto trends = find_trends(read_history(text, "h"), {});
  ASSERT_EQ(trends[0].found.changes.size(), 2U);
  ASSERT_NE(trends[0].not_mended(), nullptr);
  EXPECT_EQ(trends[0].not_mended()->index, 12U);
}

}  // namespace
}  // namespace nety::results
