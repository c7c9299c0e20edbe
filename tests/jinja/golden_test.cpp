// Templates against what Python's jinja2 makes of them, set up as transformers does.
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "tests/jinja/golden_json.h"

namespace nety::jinja {
namespace {

/// What we render, or nothing where we refuse.
std::optional<std::string> rendered(const std::string& text, const Data::Object& variables,
                                    std::string& why) {
  try {
    return Template::parse(text, "t").render(variables, golden_now()).text;
  } catch (const Error& error) {
    why = error.what();
    return std::nullopt;
  }
}

std::optional<std::string> wanted_of(const nlohmann::ordered_json& json) {
  return json.is_null() ? std::nullopt : std::optional(json.get<std::string>());
}

TEST(Jinja, RendersTemplatesAsPythonDoes) {
  const nlohmann::ordered_json all = goldens();
  int templates = 0;
  for (const auto& [name, renderings] : all["templates"].items()) {
    const std::string text = text_of_file(test_data() + "/jinja/templates/" + name + ".jinja");
    for (const auto& [title, wanted] : renderings.items()) {
      SCOPED_TRACE(name + ": " + title);
      nlohmann::ordered_json variables = all["tokens"];
      variables.update(all["conversations"][title]);
      std::string why;
      EXPECT_EQ(rendered(text, object_of(variables), why), wanted_of(wanted)) << why;
    }
    ++templates;
  }
  EXPECT_GE(templates, 5);
}

TEST(Jinja, RendersSnippetsAsPythonDoes) {
  const nlohmann::ordered_json all = goldens();
  const Data::Object variables = object_of(all["variables"]);
  size_t same = 0, unsupported = 0;
  for (const auto& row : all["snippets"]) {
    const auto text = row[0].get<std::string>();
    std::string why;
    const std::optional<std::string> made = rendered(text, variables, why);
    // Python writes such things with their addresses.
    if (why.find("not supported") != std::string::npos && !made && !row[1].is_null()) {
      EXPECT_NE(why.find("as text"), std::string::npos) << why << "\n" << text;
      ++unsupported;
      continue;
    }
    EXPECT_EQ(made, wanted_of(row[1])) << text << "\n" << why;
    ++same;
  }
  EXPECT_GE(same, 450U);
  EXPECT_LE(unsupported, 20U);
}

}  // namespace
}  // namespace nety::jinja
