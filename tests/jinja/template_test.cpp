// What is refused, how, and what is told of texts that others wrote.
#include "core/jinja/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "tests/jinja/golden_json.h"

namespace nety::jinja {
namespace {

Rendered render(const std::string& text, const Data::Object& variables = {}) {
  return Template::parse(text, "m.gguf: chat template").render(variables, golden_now());
}

Error refusal(const std::string& text) {
  try {
    render(text);
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << text << " is not refused";
  return {ErrorKind::kInternal, ""};
}

TEST(JinjaTemplate, NamesConstructAndLineOfWhatItDoesNotSupport) {
  const std::pair<const char*, const char*> rows[] = {
      {"\n{% include 'x' %}", "line 2: the statement \"include\" is not supported"},
      {"{% block x %}{% endblock %}", "line 1: the statement \"block\" is not supported"},
      {"a\n\n{{ a | urlize }}", "line 3: the filter \"urlize\" is not supported"},
      {"{% if a is nonsense %}{% endif %}", "line 1: the test \"nonsense\" is not supported"},
      {"\n{{ 'a'.encode() }}", "line 2: the method encode() of 'str' is not supported"},
      {"{{ cycler(1) }}", "line 1: the function cycler() is not supported"},
      {"{{ 2 ** 64 }}", "line 1: an integer beyond 64 bits is not supported"},
      {"{{ '\\N{DASH}' }}", "line 1: a string has an escape that is not supported, \"\\N{DASH}\""},
  };
  for (const auto& [text, wanted] : rows) {
    const Error error = refusal(text);
    EXPECT_THAT(error.what(), testing::HasSubstr(wanted));
    EXPECT_THAT(error.what(), testing::StartsWith("m.gguf: chat template, line"));
    EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint);
    EXPECT_THAT(error.hint(), testing::HasSubstr("--chat-template"));
  }
}

TEST(JinjaTemplate, RefusesBeforeItRunsWhatJinjaRefusesWhenItReads) {
  EXPECT_THROW(Template::parse("{% for i in [] %}{{ i | nonsense }}{% endfor %}", "t"), Error);
  EXPECT_EQ(render("{% if false %}{{ 1 | nonsense }}{% endif %}a").text, "a");
  EXPECT_EQ(render("{{ 1 if true else (2 | nonsense) }}").text, "1");
}

TEST(JinjaTemplate, SaysWhatTheTemplateSays) {
  const Error error = refusal("\n\n{{ raise_exception('Roles must alternate!') }}");
  EXPECT_STREQ(error.what(),
               "m.gguf: chat template, line 3: the template refuses: Roles must alternate!");
  EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  EXPECT_THAT(error.hint(), testing::HasSubstr("--raw"));
}

TEST(JinjaTemplate, SaysWhatIsUndefined) {
  EXPECT_THAT(refusal("{{ a.b }}").what(), testing::HasSubstr("\"a\" is undefined"));
  EXPECT_THAT(refusal("{{ {'k': 1}.x + 1 }}").what(), testing::HasSubstr("no attribute \"x\""));
  EXPECT_THAT(refusal("{{ [].append(1) }}").what(), testing::HasSubstr("unsafe"));
}

TEST(JinjaTemplate, TellsWhoWroteWhat) {
  const Data::Object variables = {{"own", {DataText{"<s>", false}}},
                                  {"theirs", {DataText{" a,b<c ", true}}}};
  const auto parts = [&](const std::string& text) {
    const Rendered made = render(text, variables);
    std::string marked;
    size_t at = 0;
    for (const auto& [begin, end] : made.foreign) {
      marked += made.text.substr(at, begin - at) + "{" + made.text.substr(begin, end - begin) + "}";
      at = end;
    }
    return marked + made.text.substr(at);
  };
  EXPECT_EQ(parts("{{ own }}x{{ theirs }}y"), "<s>x{ a,b<c }y");
  EXPECT_EQ(parts("{{ own + theirs | trim + own }}"), "<s>{a,b<c}<s>");
  EXPECT_EQ(parts("{{ ('[' ~ theirs ~ ']').split(',') | join(';') }}"), "[{ a};{b<c }]");
  EXPECT_EQ(parts("{{ theirs.replace('b', own) }}"), "{ a,}<s>{<c }");
  EXPECT_EQ(parts("{{ ('-' + theirs)[:3] }}|{{ theirs | upper }}"), "-{ a}|{ A,B<C }");
  EXPECT_EQ(parts("{{ [theirs] | tojson }}"), "[\"{ a,b<c }\"]");
  EXPECT_EQ(parts("{{ '%s!' % theirs }}{{ '{}?'.format(theirs) }}"), "{ a,b<c }!{ a,b<c }?");
  EXPECT_EQ(parts("{% macro f(x) %}<{{ x }}>{% endmacro %}{{ f(theirs) | indent }}"),
            "<{ a,b<c }>");
  EXPECT_EQ(parts("{% set x %}{{ own }}{{ theirs[::-1] }}{% endset %}{{ x | trim }}"),
            "<s>{ c<b,a}");
}

}  // namespace
}  // namespace nety::jinja
