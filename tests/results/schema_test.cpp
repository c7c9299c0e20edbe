// The published schema says what we write, no more and no less: a small validator of the keywords
// that it uses, which also compares keys both ways.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/results/json.h"
#include "tests/paths.h"
#include "tests/results/example.h"

namespace nety::results {
namespace {

using Json = nlohmann::json;

class Validator {
 public:
  explicit Validator(const Json& root) : root_(root) {}

  std::vector<std::string> problems;

  void check(const Json& value, const Json& rule, const std::string& path) {
    if (rule.contains("$ref")) {
      const auto pointer = rule["$ref"].get<std::string>().substr(1);
      return check(value, root_.at(Json::json_pointer(pointer)), path);
    }
    if (rule.contains("anyOf")) return check_any(value, rule["anyOf"], path);
    if (rule.contains("const") && value != rule["const"]) complain(path, "is not the constant");
    if (rule.contains("enum") && !has(rule["enum"], value)) complain(path, "is no known word");
    if (rule.contains("type") && !has_type(value, rule["type"])) complain(path, "has a wrong type");
    if (rule.contains("minimum") && value.is_number() && value < rule["minimum"])
      complain(path, "is too small");
    if (value.is_array() && rule.contains("items")) {
      for (size_t i = 0; i < value.size(); ++i)
        check(value[i], rule["items"], fmt::format("{}[{}]", path, i));
    }
    if (value.is_object()) check_members(value, rule, path);
  }

 private:
  static bool has(const Json& list, const Json& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
  }
  static bool has_type(const Json& value, const Json& type) {
    if (type.is_array())
      return std::any_of(type.begin(), type.end(),
                         [&](const Json& each) { return has_type(value, each); });
    if (type == "integer") return value.is_number_integer();
    return type == value.type_name();
  }
  void complain(const std::string& path, const std::string& what) {
    problems.push_back(path + " " + what);
  }
  void check_any(const Json& value, const Json& rules, const std::string& path) {
    for (const Json& rule : rules) {
      Validator attempt(root_);
      attempt.check(value, rule, path);
      if (attempt.problems.empty()) return;
    }
    complain(path, "matches none of the alternatives");
  }
  void check_members(const Json& value, const Json& rule, const std::string& path) {
    const Json properties = rule.value("properties", Json::object());
    for (const Json& key : rule.value("required", Json::array()))
      if (!value.contains(key.get<std::string>())) complain(path, "lacks " + key.dump());
    for (const auto& member : value.items()) {
      const std::string place = path + "." + member.key();
      if (properties.contains(member.key()))
        check(member.value(), properties[member.key()], place);
      else if (rule.contains("additionalProperties"))
        check(member.value(), rule["additionalProperties"], place);
      else
        complain(place, "is not in the schema");
    }
    for (const auto& property : properties.items())
      if (!value.contains(property.key())) complain(path + "." + property.key(), "is not written");
  }

  const Json& root_;
};

Json schema() {
  std::ifstream file(test_data() + "/../../docs/schema/nety.results-1.json");
  return Json::parse(file);
}

std::vector<std::string> problems_of(const std::string& text) {
  const Json root = schema();
  Validator validator(root);
  validator.check(Json::parse(text), root, "$");
  return validator.problems;
}

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
