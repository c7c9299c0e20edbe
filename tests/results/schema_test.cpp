// The published schema says what we write, no more and no less.
#include "tests/schema.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "core/results/json.h"
#include "tests/results/example.h"

namespace nety::results {
namespace {

using Json = nlohmann::json;

TEST(ResultsSchema, DescribesExactlyWhatIsWritten) {
  EXPECT_EQ(problems_of(to_json(example())), std::vector<std::string>{});
  EXPECT_EQ(problems_of(to_json(File{})), std::vector<std::string>{});
}

TEST(ResultsSchema, AcceptsValuesThatAreNotFinite) {
  File file = example();
  Metric& metric = file.results[0].metrics["tg_tps"];
  metric.median = metric.samples[0] = metric.ci->first = std::numeric_limits<double>::quiet_NaN();
  file.comparisons[0].margin = std::numeric_limits<double>::infinity();
  EXPECT_EQ(problems_of(to_json(file)), std::vector<std::string>{});
}

TEST(ResultsSchema, RefusesWhatIsWrong) {
  Json json = Json::parse(to_json(example()));
  json["machines"][0]["cpu_budget"]["threads"] = 0;
  json["results"][0]["status"] = "fine";
  json["claims"][0].erase("verdict");
  EXPECT_EQ(problems_of(json.dump()).size(), 4U);  // the last one is missed twice
}

TEST(ResultsSchema, HasTheWordsOfTheProgram) {
  const Json root = schema();
  const auto count = [&](const char* pointer) {
    return root.at(Json::json_pointer(pointer)).at("enum").size();
  };
  EXPECT_EQ(count("/$defs/finding/properties/status"), 5U);
  EXPECT_EQ(count("/$defs/result/properties/status"), 7U);
  EXPECT_EQ(count("/$defs/claim/properties/verdict"), 4U);
  EXPECT_EQ(name_of(static_cast<FindingStatus>(5)), "");
  EXPECT_EQ(name_of(static_cast<Status>(7)), "");
  EXPECT_EQ(name_of(static_cast<Verdict>(4)), "");
}

}  // namespace
}  // namespace nety::results
