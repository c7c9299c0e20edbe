// Calls of tools as models write them.
#include "app/serve/tools.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace nety::serve {
namespace {

TEST(ToolCalls, AreReadFromObjectsAndLists) {
  const auto one = parse_tool_calls(R"({"name": "add", "arguments": {"a": 1}})");
  ASSERT_TRUE(one.has_value());
  ASSERT_EQ(one->size(), 1U);
  EXPECT_EQ(one->at(0).name, "add");
  EXPECT_EQ(one->at(0).arguments, R"({"a":1})");
  const auto llama = parse_tool_calls(R"({"name": "add", "parameters": {"b": "x"}})");
  ASSERT_TRUE(llama.has_value());
  EXPECT_EQ(llama->at(0).arguments, R"({"b":"x"})");
  const auto two = parse_tool_calls(
      R"([{"name": "f", "arguments": {}}, {"name": "g", "arguments": "{\"c\": 2}"}])");
  ASSERT_TRUE(two.has_value());
  ASSERT_EQ(two->size(), 2U);
  EXPECT_EQ(two->at(1).arguments, R"({"c": 2})");
}

TEST(ToolCalls, AreNothingElse) {
  for (const char* text :
       {"", "{", "5", "[]", "{}", R"({"name": "f"})", R"({"name": 5, "arguments": {}})",
        R"([{"name": "f", "arguments": {}}, 5])", "call f please"})
    EXPECT_FALSE(parse_tool_calls(text).has_value()) << text;
}

TEST(TemplateData, IsTheJsonThatCame) {
  using jinja::Data;
  const Data data = data_of(nlohmann::ordered_json::parse(
      R"({"z": [1, 2.5, true, null, "t"], "a": 18446744073709551615})"));
  const auto& object = std::get<Data::Object>(data.value);
  EXPECT_EQ(object.at(0).name, "z");
  const auto& list = std::get<Data::List>(object.at(0).value.value);
  EXPECT_EQ(std::get<int64_t>(list.at(0).value), 1);
  EXPECT_EQ(std::get<double>(list.at(1).value), 2.5);
  EXPECT_EQ(std::get<bool>(list.at(2).value), true);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(list.at(3).value));
  EXPECT_TRUE(std::get<jinja::DataText>(list.at(4).value).foreign);
  EXPECT_EQ(std::get<double>(object.at(1).value.value), 18446744073709551615.0);
}

}  // namespace
}  // namespace nety::serve
