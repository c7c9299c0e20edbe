// A hostile template ends with an error, soon and with little memory; every bound has its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "core/base/error.h"
#include "tests/jinja/golden_json.h"

namespace nety::jinja {
namespace {

std::string refusal(const std::string& text, const Limits& limits = {}) {
  try {
    Template::parse(text, "evil", limits).render({}, golden_now());
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint);
    return error.what();
  }
  return "rendered";
}

std::string repeated(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

constexpr const char* kSteps = "takes more than 20000000 steps";
constexpr const char* kBytes = "takes more than 134217728 bytes";
constexpr const char* kDepth = "nests more than 800 levels deep";

TEST(JinjaLimits, StopsLoopsThatDoNotEnd) {
  const std::string many = "{% for i in range(100000) %}";
  const std::string work = "{% if 1" + repeated(" + 1", 20) + " %}{% endif %}";
  EXPECT_THAT(refusal(many + many + work + "{% endfor %}{% endfor %}"), testing::HasSubstr(kSteps));
  EXPECT_THAT(refusal(many + many + many + "{% endfor %}{% endfor %}{% endfor %}"),
              testing::HasSubstr(kBytes));
  EXPECT_THAT(refusal("{% for a in range(100000) %}{% if range(100000) | list | sort %}{% endif %}"
                      "{% endfor %}"),
              testing::AnyOf(testing::HasSubstr(kSteps), testing::HasSubstr(kBytes)));
}

TEST(JinjaLimits, StopsTextsThatGrow) {
  EXPECT_THAT(refusal("{{ 'a' * 1000000000000 }}"), testing::HasSubstr(kBytes));
  EXPECT_THAT(refusal("{{ [0] * 1000000000000 }}"), testing::HasSubstr(kBytes));
  EXPECT_THAT(refusal("{% set ns = namespace(x='ab') %}{% for i in range(99) %}"
                      "{% set ns.x = ns.x ~ ns.x %}{% endfor %}"),
              testing::HasSubstr(kBytes));
  EXPECT_THAT(refusal("{{ 'a'.center(9223372036854775807) }}"), testing::HasSubstr(kBytes));
  EXPECT_THAT(refusal("{{ '%999999999d' % 1 }}"), testing::HasSubstr(kBytes));
  EXPECT_THAT(refusal("{{ '{:>999999999}'.format(1) }}"), testing::HasSubstr(kBytes));
  EXPECT_THAT(refusal("{% for i in range(99999) %}{{ 'a' * 9999 }}{% endfor %}"),
              testing::HasSubstr(kSteps));
  EXPECT_THAT(refusal("{{ ('a' * 99999).replace('', 'b' * 9999) }}"), testing::HasSubstr(kBytes));
  EXPECT_THAT(refusal("{{ [1, 2] | tojson(indent=999999999) }}"), testing::HasSubstr(kBytes));
}

TEST(JinjaLimits, StopsWhatCallsItself) {
  EXPECT_THAT(refusal("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"),
              testing::HasSubstr(kDepth));
  EXPECT_THAT(refusal("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}"),
              testing::HasSubstr(kDepth));
  EXPECT_THAT(refusal("{% set ns = namespace(x=[]) %}{% for i in range(9999) %}"
                      "{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}"),
              testing::HasSubstr(kDepth));
  EXPECT_THAT(refusal("{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}"),
              testing::HasSubstr(kDepth));
}

TEST(JinjaLimits, StopsTemplatesThatAreTooDeepOrTooLong) {
  constexpr const char* kWritten = "is written more than 200 levels deep";
  const std::pair<const char*, const char*> inside[] = {
      {"(", ")"},      {"[", "]"},  {"not ", ""}, {"-", ""},
      {"{'a': ", "}"}, {"a[", "]"}, {"f(", ")"},  {"1 if 1 else ", ""}};
  for (const auto& [open, close] : inside)
    EXPECT_THAT(refusal("{{ " + repeated(open, 9999) + "1" + repeated(close, 9999) + " }}"),
                testing::HasSubstr(kWritten))
        << open;
  EXPECT_THAT(refusal(repeated("{% if a %}", 10'000)), testing::HasSubstr(kWritten));
  EXPECT_THAT(refusal("{{ 1" + repeated(" + 1", 100'000) + " }}"), testing::HasSubstr(kDepth));
  EXPECT_THAT(refusal("{{ a" + repeated(".a", 100'000) + " }}"), testing::HasSubstr(kDepth));
  EXPECT_THAT(refusal(repeated("{{ a }}", 200'000)), testing::HasSubstr("has 1400000 bytes"));
}

TEST(JinjaLimits, SearchesInLinearTime) {
  // In the square of the length this would take hours, and ctest would end it.
  const std::pair<const char*, const char*> searches[] = {
      {"(t + 'b') in t * 2", "False"},          {"(t * 2).find(t + 'b')", "-1"},
      {"(t * 2).rfind('b' + t)", "-1"},         {"(t * 2).replace(t + 'b', '') == t * 2", "True"},
      {"(t * 2).split(t + 'b') | length", "1"}, {"(t * 2).rsplit('b' + t) | length", "1"},
      {"(t * 2).count(t + 'b')", "0"}};
  for (const auto& [search, answer] : searches) {
    const std::string text = std::string("{% set t = 'a' * 3000000 %}{{ ") + search + " }}";
    EXPECT_EQ(Template::parse(text, "searches").render({}, golden_now()).text, answer) << search;
  }
  // A set of characters is looked through for each: the steps are counted.
  EXPECT_THAT(refusal("{% set t = 'a' * 3000000 %}{{ (t * 2) | trim(t) | length }}"),
              testing::HasSubstr(kSteps));
}

TEST(JinjaLimits, AreThoseGiven) {
  const Limits small{.template_bytes = 100, .steps = 50, .bytes = 4000, .depth = 9};
  EXPECT_THAT(refusal("{% for i in range(99) %}{{ i }}{% endfor %}", small),
              testing::HasSubstr("more than 50 steps"));
  EXPECT_THAT(refusal("{{ 'a' * 5000 }}", small), testing::HasSubstr("more than 4000 bytes"));
  EXPECT_THAT(refusal("{{ [[[[[[[[[[1]]]]]]]]]] }}", small), testing::HasSubstr("than 9 levels"));
  EXPECT_THAT(refusal(repeated("a", 101), small), testing::HasSubstr("has 101 bytes"));
}

}  // namespace
}  // namespace nety::jinja
