#include "core/results/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "tests/results/example.h"

namespace nety::results {
namespace {

using ::testing::HasSubstr;

std::string refusal(std::string_view text) {
  try {
    from_json(text, "some.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_FALSE(error.hint().empty());
    EXPECT_THAT(error.what(), HasSubstr("some.json"));
    return error.what();
  }
  ADD_FAILURE() << "accepted: " << text;
  return {};
}

std::string with(const std::string& members) {
  return R"({"schema": "nety.results/1")" + members + "}";
}

TEST(ResultsJson, SurvivesARoundTrip) {
  const File file = example();
  const std::string once = to_json(file);
  const File back = from_json(once, "x");
  EXPECT_EQ(to_json(back), once);
  EXPECT_EQ(back.machines.at(0).memory_total_bytes, UINT64_MAX);
  EXPECT_EQ(back.machines.at(0).cpu_budget.quota, 1.5);
  EXPECT_EQ(back.workload.seed, UINT64_MAX);
  EXPECT_EQ(back.results.at(0).status, Status::kDoesNotFit);
  EXPECT_EQ(back.results.at(0).metrics.at("tg_tps").ci, std::pair(2.0, 9.0));
  EXPECT_EQ(back.claims.at(0).verdict, Verdict::kRefuted);
  EXPECT_EQ(back.findings.at(0).data, 2.0);
  ASSERT_TRUE(back.decision);
  EXPECT_EQ(back.decision->reasons.at(0).rule, "cpu-fp32");
  EXPECT_EQ(back.comparisons.at(0).ratio.median, 1.25);
}

TEST(ResultsJson, OfAnEmptyFileHasEveryKey) {
  const auto json = nlohmann::json::parse(to_json(File{}));
  for (const char* key :
       {"schema", "tool", "created_utc", "command", "machines", "models", "workload", "findings",
        "decision", "results", "comparisons", "claims", "warnings"})
    EXPECT_TRUE(json.contains(key)) << key;
  EXPECT_TRUE(json["decision"].is_null());
}

TEST(ResultsJson, WritesNumbersThatAreNotFiniteAsNullWithAReason) {
  File file;
  Result& result = file.results.emplace_back();
  Metric& metric = result.metrics["kld"];
  metric.median = std::numeric_limits<double>::quiet_NaN();
  metric.max = std::numeric_limits<double>::infinity();
  metric.samples = {1, std::numeric_limits<double>::infinity()};
  const std::string text = to_json(file);
  const auto json = nlohmann::json::parse(text)["results"][0]["metrics"]["kld"];
  EXPECT_TRUE(json["median"].is_null());
  EXPECT_TRUE(json["max"].is_null());
  EXPECT_TRUE(json["samples"][1].is_null());
  EXPECT_EQ(json["reason"], "not a finite number");
  const Metric back = from_json(text, "x").results.at(0).metrics.at("kld");
  EXPECT_FALSE(back.median);
  EXPECT_TRUE(std::isnan(back.samples.at(1)));
}

TEST(ResultsJson, SurvivesHostileStrings) {
  for (const std::string& text :
       {std::string("</script><script>alert(1)</script>"), std::string("\"\\\b\f\n\r\t\x01\x7f"),
        std::string("a\0b", 3), std::string("\u2028\u202e\U0001F600"), std::string(100'000, '"'),
        std::string("{0} %s ${x} `id`"), std::string()}) {
    File file;
    file.tool = text;
    file.results.emplace_back().metrics[text].unit = text;
    const File back = from_json(to_json(file), "x");
    EXPECT_EQ(back.tool, text);
    EXPECT_EQ(back.results.at(0).metrics.at(text).unit, text);
  }
}

TEST(ResultsJson, WritesBytesThatAreNotUtf8AsReplacementCharacters) {
  File file;
  file.tool = "a\xff\xc3(b";
  EXPECT_EQ(from_json(to_json(file), "x").tool, "a\uFFFD\uFFFD(b");
}

TEST(ResultsJson, IgnoresUnknownKeysAndDefaultsAbsentOnes) {
  const File file = from_json(
      with(R"(, "later": {"a": [1, {}]}, "machines": [{"id": "m", "later": null}])"), "x");
  EXPECT_EQ(file.machines.at(0).id, "m");
  EXPECT_EQ(file.machines.at(0).cpu_budget.threads, 1);
}

TEST(ResultsJson, RefusesWhatIsNotJson) {
  EXPECT_THAT(refusal(""), HasSubstr("not a result file"));
  EXPECT_THAT(refusal("{\"schema\": \"nety.results/1\""), HasSubstr("line 1"));
  EXPECT_THAT(refusal(std::string("\0\0\0", 3)), HasSubstr("not a result file"));
  EXPECT_LT(refusal("\"" + std::string(1'000'000, 'x')).size(), 400U);
}

TEST(ResultsJson, RefusesAnotherSchemaNamingIt) {
  EXPECT_THAT(refusal("[]"), HasSubstr("no \"schema\""));
  EXPECT_THAT(refusal("{}"), HasSubstr("no \"schema\""));
  EXPECT_THAT(refusal(R"({"schema": 1})"), HasSubstr("no \"schema\""));
  EXPECT_THAT(refusal(R"({"schema": "nety.results/2"})"), HasSubstr("nety.results/2"));
}

TEST(ResultsJson, NamesThePlaceOfAWrongType) {
  EXPECT_THAT(refusal(with(R"(, "machines": {})")), HasSubstr("machines should be an array"));
  EXPECT_THAT(refusal(with(R"(, "machines": [{"id": 7}])")),
              HasSubstr("machines[0].id should be a string, not number"));
  EXPECT_THAT(refusal(with(R"(, "machines": [{}])")), HasSubstr("machines[0] should be"));
  EXPECT_THAT(refusal(with(R"(, "workload": {"generate": 1.5})")),
              HasSubstr("workload.generate should be a whole number"));
  EXPECT_THAT(refusal(with(R"(, "workload": {"repetitions": 9000000000})")),
              HasSubstr("workload.repetitions should be a whole number in range"));
  EXPECT_THAT(refusal(with(R"(, "machines": [{"id": "m", "memory_total_bytes": -1}])")),
              HasSubstr("machines[0].memory_total_bytes"));
}

TEST(ResultsJson, RefusesUnknownWordsListingTheKnown) {
  const std::string text = refusal(with(R"(, "claims": [{"id": "c", "verdict": "MAYBE"}])"));
  EXPECT_THAT(text, HasSubstr("claims[0].verdict"));
  EXPECT_THAT(text, HasSubstr("NOT TESTED"));
}

TEST(ResultsJson, NeverTakesAnAbsentStatusForSuccess) {
  EXPECT_THAT(refusal(with(R"(, "results": [{"machine": "a", "model": "b", "mode": "fp32"}])")),
              HasSubstr("\"status\""));
}

TEST(ResultsJson, StandsDeepNestingAndHugeNumbers) {
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  EXPECT_EQ(from_json(with(R"(, "later": )" + deep), "x").tool, "");
  refusal(std::string(200'000, '['));
  refusal(with(R"(, "workload": {"seed": 1e999})"));
}

}  // namespace
}  // namespace nety::results
