// A hostile schema or grammar ends with one error, soon and with little memory.
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/error_of.h"
#include "tests/grammar/accepts.h"

namespace nety::grammar {
namespace {

std::string refusal(const std::string& schema) {
  const Error error = error_of([&] { Grammar::of_schema_text(schema); });
  return error.kind() == ErrorKind::kUsage ? error.what() : "no error";
}

std::string gbnf_refusal(const std::string& text) {
  const Error error = error_of([&] { Grammar::of_gbnf(text); });
  return error.kind() == ErrorKind::kUsage ? error.what() : "no error";
}

std::string repeated(std::string_view text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

TEST(GrammarLimits, BoundDepthAndSize) {
  EXPECT_THAT(refusal(repeated("[", 100'000)), testing::HasSubstr("deeper than 128"));
  EXPECT_THAT(refusal(repeated(R"({"items":)", 1000) + "{}" + repeated("}", 1000)),
              testing::HasSubstr("deeper than 128"));
  EXPECT_THAT(refusal("{\"title\":\"" + repeated("a", 5 << 20) + "\"}"),
              testing::HasSubstr("bytes"));
  EXPECT_THAT(gbnf_refusal("root ::= " + repeated("(", 10'000)), testing::HasSubstr("too deep"));
  EXPECT_THAT(refusal(R"({"pattern":")" + repeated("(", 5000) + "\"}"),
              testing::HasSubstr("too deep"));
}

TEST(GrammarLimits, TakeOrRefuseManyValues) {
  std::string values = "0";
  for (int i = 1; i < 500'000; ++i) values += "," + std::to_string(i);
  const std::string many = refusal("{\"enum\":[" + values + "]}");
  EXPECT_TRUE(many == "no error" || many.find("more than") != std::string::npos) << many;
  values.clear();
  for (int i = 0; i < 10'000; ++i) values += (i > 0 ? "," : "") + std::to_string(i);
  const std::string two = "{\"allOf\":[{\"enum\":[" + values + "]},{\"enum\":[" + values + "]}]}";
  EXPECT_THAT(refusal(two), testing::HasSubstr("too many"));
  std::string names;
  for (int i = 0; i < 20'000; ++i) names += (i > 0 ? ",\"p" : "\"p") + std::to_string(i) + "\":{}";
  const std::string wide = refusal("{\"properties\":{" + names + "}}");
  EXPECT_TRUE(wide == "no error" || wide.find("more than") != std::string::npos) << wide;
}

TEST(GrammarLimits, BoundCombinations) {
  std::string all;
  for (int i = 0; i < 40; ++i)
    all += fmt::format(R"({}{{"anyOf":[{{"minLength":{}}},{{"maxLength":{}}}]}})", i ? "," : "", i,
                       100 + i);
  EXPECT_THAT(refusal("{\"allOf\":[" + all + "]}"),
              testing::AnyOf(testing::HasSubstr("more than"), testing::HasSubstr("too many")));
  std::string chain = R"({"$ref":"#/$defs/d0","$defs":{)";
  for (int i = 0; i < 1000; ++i)
    chain +=
        fmt::format(R"({}"d{}":{{"allOf":[{{"$ref":"#/$defs/d{}"}},{{"$ref":"#/$defs/d{}"}}]}})",
                    i ? "," : "", i, i + 1, i + 1);
  chain += R"(,"d1000":{}}})";
  EXPECT_THAT(refusal(chain), testing::HasSubstr("references"));
}

TEST(GrammarLimits, BoundRepeats) {
  EXPECT_THAT(refusal(R"({"pattern":"^a{1000000}$"})"), testing::HasSubstr("more than 10000"));
  EXPECT_THAT(refusal(R"({"pattern":"((a{1000}){1000}){1000}"})"),
              testing::HasSubstr("more than 10000"));
  EXPECT_THAT(refusal(R"({"pattern":"(x?){9999}(|){99999}"})"), testing::HasSubstr("more than"));
  EXPECT_THAT(refusal(R"({"pattern":"(a|aa)*b.{20}"})"),
              testing::AnyOf(testing::HasSubstr("more than"), testing::StrEq("no error")));
  EXPECT_THAT(refusal(R"({"pattern":"[01]*1[01]{30}$"})"), testing::HasSubstr("more than 10000"));
  EXPECT_THAT(refusal(R"({"pattern":"^[ab]*c$","maxLength":1000000})"),
              testing::HasSubstr("more than 10000"));
  EXPECT_THAT(refusal(R"({"properties":{"a":{}},"maxProperties":1000000})"),
              testing::HasSubstr("more than 100000"));
  EXPECT_EQ(refusal(R"({"type":"array","minItems":1000000,"maxItems":2000000})"), "no error");
  EXPECT_EQ(refusal(R"({"type":"string","minLength":1000000,"maxLength":2000000})"), "no error");
}

TEST(GrammarLimits, RefuseRulesThatBeginWithThemselves) {
  EXPECT_THAT(gbnf_refusal("root ::= root \"a\" | \"b\""),
              testing::HasSubstr("begins with itself"));
  EXPECT_THAT(gbnf_refusal("root ::= x\nx ::= y \"a\"\ny ::= \"b\"? x | \"c\""),
              testing::HasSubstr("begins with itself"));
  EXPECT_THAT(gbnf_refusal("root ::= \"a\" root"), testing::HasSubstr("has no text"));
}

TEST(GrammarLimits, FollowAmbiguityInBoundedTime) {
  // 2^depth ways to read the brackets.
  const Grammar grammar = Grammar::of_schema_text(
      R"({"anyOf":[{"type":"array","items":{"$ref":"#"}},{"type":"array","items":{"$ref":"#"},)"
      R"("maxItems":3},{"type":"null"}]})");
  const std::string deep = repeated("[", 200) + "null" + repeated("]", 200);
  EXPECT_TRUE(accepts(grammar, deep));
  const Grammar sums = Grammar::of_gbnf("root ::= \"a\" tail\ntail ::= (\"a\" tail tail)? ");
  EXPECT_TRUE(accepts(sums, repeated("a", 300)));
  const Grammar empty =
      Grammar::of_gbnf("root ::= (\"a\"? | \"\" | (\"\" | \"b\"*){1000,2000}){3,900}");
  EXPECT_TRUE(accepts(empty, "abab"));
  EXPECT_TRUE(accepts(empty, ""));
}

TEST(GrammarLimits, FollowLongTextsInLittleMemory) {
  const Grammar grammar = Grammar::of_schema_text(
      R"({"type":"array","items":{"type":"string","maxLength":1000},"maxItems":100000})");
  Matcher matcher(grammar, byte_vocabulary());
  ASSERT_TRUE(matcher.accept("["));
  for (int i = 0; i < 5'000; ++i) ASSERT_TRUE(matcher.accept("\"abcdefghijklmnopqrstuvwxyz\","));
  ASSERT_TRUE(matcher.accept("\"\"]"));
  EXPECT_TRUE(matcher.can_end());
}

}  // namespace
}  // namespace nety::grammar
