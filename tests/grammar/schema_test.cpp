// What each keyword of JSON Schema allows, and which documents it refuses. Many more cases, told by
// Python's jsonschema, are in schema_cases_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/error_of.h"
#include "tests/grammar/accepts.h"

namespace nety::grammar {
namespace {

using testing::HasSubstr;

std::string refusal(std::string_view schema) {
  const Error error = error_of([&] { Grammar::of_schema_text(schema); });
  EXPECT_EQ(error.kind(), ErrorKind::kUsage) << schema;
  return error.what();
}

TEST(Schema, TakesAnyValueWhereNothingIsAsked) {
  for (const char* schema : {"true", "{}", R"({"title":"x","x-mine":3})"}) {
    const Grammar grammar = Grammar::of_schema_text(schema);
    for (const char* text : {"null", "true", "-1.5e+3", "\"\"", "[]", "{}", R"({"a": [1, {}]})"})
      EXPECT_TRUE(accepts(grammar, text)) << schema << " " << text;
    for (const char* text : {"", "nul", "01", "+1", "1.", "[1,]", "{1:2}", "\"\x01\"", "\"\xff\""})
      EXPECT_FALSE(accepts(grammar, text)) << schema << " " << text;
  }
}

TEST(Schema, TakesWhiteSpaceAsPrintersWriteIt) {
  const Grammar grammar = Grammar::any_json();
  for (const char* text : {"[1, 2]", "[1,2]", "[\n  1,\n  2\n]", "{\"a\": 1}", "{\"a\":1}",
                           "{\n  \"a\": {\n    \"b\": []\n  }\n}", " {}", "[\n]"})
    EXPECT_TRUE(accepts(grammar, text)) << text;
  for (const char* text : {"[1 ,2]", "[1,  2]", "{} ", "{\"a\" :1}", "[\n\n1]"})
    EXPECT_FALSE(accepts(grammar, text)) << text;
}

TEST(Schema, KeepsPropertiesInTheOrderOfTheSchema) {
  constexpr const char* kSchema =
      R"({"type":"object","properties":{"z":{"type":"integer"},"a":{"type":"string"},"m":{}},)"
      R"("required":["a"],"additionalProperties":false})";
  const Grammar grammar = Grammar::of_schema_text(kSchema);
  EXPECT_TRUE(accepts(grammar, R"({"z":1,"a":"x","m":[]})"));
  EXPECT_TRUE(accepts(grammar, R"({"a":"x"})"));
  EXPECT_TRUE(accepts(grammar, R"({"a":"x","m":null})"));
  EXPECT_FALSE(accepts(grammar, R"({"a":"x","z":1})"));
  EXPECT_FALSE(accepts(grammar, R"({"z":1})"));
  EXPECT_FALSE(accepts(grammar, R"({"a":"x",})"));
  EXPECT_FALSE(begins(grammar, R"({"z":1,"m)"));
  EXPECT_FALSE(begins(grammar, R"({"b)"));
  const Grammar object = Grammar::of_schema(nlohmann::ordered_json::parse(kSchema));
  EXPECT_TRUE(accepts(object, R"({"z":1,"a":"x"})"));
  EXPECT_FALSE(accepts(object, R"({"a":"x","z":1})"));
}

TEST(Schema, LeavesNamedPropertiesToTheirPlaces) {
  const Grammar grammar = Grammar::of_schema_text(
      R"({"properties":{"ab":{"type":"integer"},"\u00e9":{"type":"null"},"q\"":{}},)"
      R"("additionalProperties":{"type":"boolean"}})");
  EXPECT_TRUE(accepts(grammar, R"({"ab":1,"abc":true,"a":false,"":true})"));
  EXPECT_TRUE(accepts(grammar, "{\"\xc3\xa9\":null,\"\xc3\xa8\":true,\"q\\\"x\":true}"));
  EXPECT_TRUE(accepts(grammar, R"({"x\u0061":true,"q":true})"));
  EXPECT_FALSE(accepts(grammar, R"({"abc":true,"ab":true})"));
  EXPECT_FALSE(accepts(grammar, R"({"abc":1})"));
  // A name spelt differently would slip through.
  EXPECT_FALSE(begins(grammar, R"({"\u0061b":true)"));
  EXPECT_FALSE(begins(grammar, R"({"a\u0062":true)"));
  EXPECT_FALSE(begins(grammar, R"({"\u00e9":true)"));
  EXPECT_FALSE(accepts(grammar, R"({"q\"":1,"q\"":true})"));
}

TEST(Schema, CountsProperties) {
  const Grammar grammar = Grammar::of_schema_text(
      R"({"type":"object","properties":{"a":{},"b":{},"c":{}},"required":["c"],)"
      R"("additionalProperties":false,"minProperties":2,"maxProperties":2})");
  EXPECT_TRUE(accepts(grammar, R"({"a":1,"c":1})"));
  EXPECT_TRUE(accepts(grammar, R"({"b":1,"c":1})"));
  EXPECT_FALSE(accepts(grammar, R"({"c":1})"));
  // The second must be the one that is required, so nothing gets stuck.
  EXPECT_FALSE(begins(grammar, R"({"a":1,"b)"));
  const Grammar some = Grammar::of_schema_text(
      R"({"type":"object","minProperties":1,"maxProperties":2,"additionalProperties":{"type":"null"}})");
  EXPECT_FALSE(accepts(some, "{}"));
  EXPECT_TRUE(accepts(some, R"({"x":null})"));
  EXPECT_TRUE(accepts(some, R"({"x":null,"y":null})"));
  EXPECT_FALSE(begins(some, R"({"x":null,"y":null,)"));
  EXPECT_THAT(refusal(R"({"type":"object","minProperties":2})"), HasSubstr("#/minProperties"));
}

TEST(Schema, ChoosesTheValueByThePatternOfItsName) {
  const Grammar grammar = Grammar::of_schema_text(
      R"({"type":"object","properties":{"n_a":{"maximum":5}},)"
      R"("patternProperties":{"^n_":{"type":"integer"},"_s$":{"type":"string"}},)"
      R"("additionalProperties":false})");
  EXPECT_TRUE(accepts(grammar, R"({"n_a":4,"n_b":17,"x_s":"t"})"));
  EXPECT_FALSE(accepts(grammar, R"({"n_a":6})"));
  EXPECT_FALSE(accepts(grammar, R"({"n_b":"t"})"));
  EXPECT_FALSE(begins(grammar, R"({"other")"));
  EXPECT_FALSE(begins(grammar, R"({"n_b_s":)"));  // both: nothing is an integer and a string
  const Grammar names = Grammar::of_schema_text(
      R"({"type":"object","propertyNames":{"pattern":"^[a-z]+$","maxLength":3}})");
  EXPECT_TRUE(accepts(names, R"({"abc":1,"d":2})"));
  EXPECT_FALSE(begins(names, R"({"abcd)"));
  EXPECT_FALSE(begins(names, R"({"A)"));
}

TEST(Schema, CountsItems) {
  const Grammar grammar = Grammar::of_schema_text(
      R"({"type":"array","prefixItems":[{"type":"string"},{"type":"null"}],)"
      R"("items":{"type":"integer"},"minItems":1,"maxItems":4})");
  EXPECT_FALSE(accepts(grammar, "[]"));
  EXPECT_TRUE(accepts(grammar, R"(["a"])"));
  EXPECT_TRUE(accepts(grammar, R"(["a",null,1,2])"));
  EXPECT_FALSE(begins(grammar, R"(["a",null,1,2,)"));
  EXPECT_FALSE(begins(grammar, R"(["a",1)"));
  const Grammar many =
      Grammar::of_schema_text(R"({"type":"array","items":{"type":"null"},"maxItems":1000000000})");
  EXPECT_TRUE(accepts(many, "[null,null]"));
  const Grammar tuple = Grammar::of_schema_text(
      R"({"type":"array","items":[{"type":"null"}],"additionalItems":false,"minItems":1})");
  EXPECT_TRUE(accepts(tuple, "[null]"));
  EXPECT_FALSE(begins(tuple, "[null,"));
  EXPECT_TRUE(schema_accepts(R"({"type":"array","items":false})", "[]"));
  EXPECT_THAT(refusal(R"({"type":"array","items":false,"minItems":1})"), HasSubstr("no document"));
}

TEST(Schema, CountsCharactersNotBytes) {
  const Grammar grammar =
      Grammar::of_schema_text(R"({"type":"string","minLength":2,"maxLength":3})");
  EXPECT_FALSE(accepts(grammar, "\"\xf0\x9f\x98\x80\""));
  EXPECT_TRUE(accepts(grammar, "\"\xf0\x9f\x98\x80\xc3\xa9\""));
  EXPECT_TRUE(accepts(grammar, R"("\ud83d\ude00x")"));
  EXPECT_TRUE(accepts(grammar, R"("\n\\\"")"));
  EXPECT_FALSE(begins(grammar, "\"abcd"));
  EXPECT_FALSE(begins(grammar, R"("abc\)"));
  EXPECT_FALSE(begins(grammar, R"("\ud83dx)"));  // half of a pair
  EXPECT_FALSE(begins(grammar, R"("\ude00)"));
  EXPECT_TRUE(
      begins(Grammar::of_schema_text(R"({"type":"string","maxLength":1000000000000})"), "\"abc"));
}

TEST(Schema, KeepsPatternsAndLengthsTogetherWithoutDeadEnds) {
  const Grammar grammar =
      Grammar::of_schema_text(R"({"type":"string","pattern":"^(ab)+$","maxLength":5})");
  EXPECT_TRUE(accepts(grammar, "\"abab\""));
  EXPECT_FALSE(begins(grammar, "\"ababa"));  // it could not end within 5
  EXPECT_THAT(refusal(R"({"type":"string","pattern":"^a{4}$","maxLength":3})"),
              HasSubstr("no document is valid"));
  const Grammar both = Grammar::of_schema_text(
      R"({"allOf":[{"type":"string","pattern":"a"},{"pattern":"^.{3}$"}]})");
  EXPECT_TRUE(accepts(both, "\"xax\""));
  EXPECT_FALSE(begins(both, "\"xyz"));
}

TEST(Schema, BoundsNumbersDigitByDigit) {
  const Grammar bytes =
      Grammar::of_schema_text(R"({"type":"integer","minimum":-3,"exclusiveMaximum":120})");
  for (int value = -200; value < 300; ++value)
    EXPECT_EQ(accepts(bytes, std::to_string(value)), value >= -3 && value < 120) << value;
  EXPECT_FALSE(begins(bytes, "12."));
  const Grammar price =
      Grammar::of_schema_text(R"({"type":"number","exclusiveMinimum":0.05,"maximum":2.5})");
  for (const char* text : {"0.051", "0.06", "0.1", "1", "1.999", "2", "2.5", "2.50", "2.499"})
    EXPECT_TRUE(accepts(price, text)) << text;
  for (const char* text :
       {"0", "0.05", "0.050", "0.049", "2.51", "3", "10", "-1", "1e0", "2.", "00.1"})
    EXPECT_FALSE(accepts(price, text)) << text;
  EXPECT_FALSE(begins(price, "3"));
  EXPECT_FALSE(begins(price, "2.51"));
  const Grammar below = Grammar::of_schema_text(R"({"type":"number","maximum":-1.5})");
  for (const char* text : {"-1.5", "-2", "-15", "-1.51"}) EXPECT_TRUE(accepts(below, text)) << text;
  for (const char* text : {"-1", "-1.4", "0", "-0", "1"})
    EXPECT_FALSE(accepts(below, text)) << text;
  const Grammar third = Grammar::of_schema_text(R"({"type":"integer","multipleOf":3,"minimum":0})");
  for (int value = 0; value < 200; ++value)
    EXPECT_EQ(accepts(third, std::to_string(value)), value % 3 == 0) << value;
  EXPECT_THAT(refusal(R"({"type":"number","multipleOf":0.01})"), HasSubstr("#/multipleOf"));
  EXPECT_THAT(refusal(R"({"type":"integer","minimum":3,"maximum":2})"), HasSubstr("no document"));
}

TEST(Schema, ListsValues) {
  const Grammar grammar =
      Grammar::of_schema_text(R"({"enum":["red","green",3,null,[1,{"a":true}],"re\n\"d"]})");
  for (const char* text :
       {"\"red\"", "3", "null", "[1, {\"a\": true}]", "[1,{\"a\":true}]", R"("re\n\"d")"})
    EXPECT_TRUE(accepts(grammar, text)) << text;
  for (const char* text : {"\"re\"", "\"redd\"", "33", "[1]", "[]"})
    EXPECT_FALSE(accepts(grammar, text)) << text;
  const Grammar typed = Grammar::of_schema_text(
      R"({"type":"string","enum":["a","bcd",1],"maxLength":2,"pattern":"a"})");
  EXPECT_TRUE(accepts(typed, "\"a\""));
  EXPECT_FALSE(begins(typed, "\"b"));
  EXPECT_FALSE(begins(typed, "1"));
  EXPECT_TRUE(schema_accepts(R"({"const":{"b":1,"a":[]}})", R"({"b": 1, "a": []})"));
  EXPECT_THAT(refusal(R"({"enum":[1],"type":"string"})"), HasSubstr("no document"));
}

TEST(Schema, CombinesSchemas) {
  const Grammar grammar = Grammar::of_schema_text(
      R"({"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],)"
      R"("anyOf":[{"properties":{"b":{"type":"null"}},"required":["b"]},)"
      R"({"properties":{"c":{"type":"boolean"}},"required":["c"]}],"additionalProperties":true})");
  EXPECT_TRUE(accepts(grammar, R"({"a":1,"b":null})"));
  EXPECT_TRUE(accepts(grammar, R"({"a":1,"c":true})"));
  EXPECT_FALSE(accepts(grammar, R"({"a":1})"));
  EXPECT_FALSE(accepts(grammar, R"({"a":1,"b":1})"));
  const Grammar both = Grammar::of_schema_text(
      R"({"allOf":[{"type":["integer","string"]},{"type":["string","null"],"maxLength":1}]})");
  EXPECT_TRUE(accepts(both, "\"a\""));
  EXPECT_FALSE(begins(both, "1"));
  EXPECT_FALSE(begins(both, "n"));
  EXPECT_TRUE(schema_accepts(R"({"type":"string","nullable":true})", "null"));
}

TEST(Schema, SaysWhereOneOfIsOnlyAnyOf) {
  EXPECT_TRUE(
      Grammar::of_schema_text(R"({"oneOf":[{"type":"string"},{"type":"null"}]})").notes().empty());
  EXPECT_TRUE(Grammar::of_schema_text(
                  R"({"oneOf":[{"type":"object","properties":{"k":{"const":1}},"required":["k"]},)"
                  R"({"type":"object","properties":{"k":{"const":2}},"required":["k"]}]})")
                  .notes()
                  .empty());
  const Grammar grammar = Grammar::of_schema_text(
      R"({"properties":{"a":{"oneOf":[{"type":"integer"},{"type":"number"}]}}})");
  ASSERT_EQ(grammar.notes().size(), 1U);
  EXPECT_THAT(grammar.notes()[0], HasSubstr("#/properties/a/oneOf"));
}

TEST(Schema, FollowsReferences) {
  const Grammar tree = Grammar::of_schema_text(
      R"({"$ref":"#/$defs/node","$defs":{"node":{"type":"object","properties":)"
      R"({"v":{"type":"integer"},"next":{"$ref":"#/$defs/node"},"all":{"type":"array","items":)"
      R"({"$ref":"#"}}},"required":["v"],"additionalProperties":false}}})");
  EXPECT_TRUE(accepts(tree, R"({"v":1,"next":{"v":2,"all":[{"v":3},{"v":4,"next":{"v":5}}]}})"));
  EXPECT_FALSE(accepts(tree, R"({"v":1,"next":{}})"));
  const Grammar odd = Grammar::of_schema_text(
      R"({"$ref":"#/definitions/a%25~1b~0c","definitions":{"a%/b~c":{"type":"null"}}})");
  EXPECT_TRUE(accepts(odd, "null"));
  EXPECT_FALSE(begins(odd, "1"));
}

TEST(Schema, KnowsFormats) {
  const std::pair<const char*, const char*> right[] = {
      {"date", "2024-02-29"},
      {"date", "1999-12-31"},
      {"time", "23:59:59Z"},
      {"date-time", "2024-01-02T03:04:05.678+01:30"},
      {"duration", "P3Y6M4DT12H30M5S"},
      {"duration", "P2W"},
      {"uuid", "123e4567-e89b-12d3-a456-426614174000"},
      {"ipv4", "192.168.0.255"},
      {"ipv6", "2001:db8::1"},
      {"ipv6", "::"},
      {"ipv6", "1:2:3:4:5:6:7:8"},
      {"hostname", "a-b.example.org"},
      {"email", "a.b+c@example.org"},
      {"uri", "https://example.org:80/a/b?c=d#e"},
      {"json-pointer", "/a~1b/0"}};
  for (const auto& [format, text] : right)
    EXPECT_TRUE(schema_accepts(std::string(R"({"type":"string","format":")") + format + "\"}",
                               std::string("\"") + text + "\""))
        << format << " " << text;
  const std::pair<const char*, const char*> wrong[] = {
      {"date", "2023-02-29"}, {"date", "0000-01-01"}, {"date", "2024-13-01"},
      {"time", "24:00:00Z"},  {"time", "10:00:00"},   {"ipv4", "256.1.1.1"},
      {"ipv4", "01.1.1.1"},   {"ipv6", "1::2::3"},    {"ipv6", "1:2:3:4:5:6:7"},
      {"duration", "P"},      {"duration", "P1YT"},   {"email", "a@"},
      {"uuid", "123e4567"},   {"hostname", "-a"}};
  for (const auto& [format, text] : wrong)
    EXPECT_FALSE(schema_accepts(std::string(R"({"type":"string","format":")") + format + "\"}",
                                std::string("\"") + text + "\""))
        << format << " " << text;
}

TEST(Schema, RefusesWhatItCannotHonour) {
  const std::pair<const char*, const char*> refused[] = {
      {R"({"properties":{"a":{"not":{"type":"null"}}}})", "#/properties/a/not"},
      {R"({"if":{},"then":{}})", "#/if"},
      {R"({"type":"array","contains":{}})", "#/contains"},
      {R"({"type":"array","uniqueItems":true})", "#/uniqueItems"},
      {R"({"dependentRequired":{"a":["b"]}})", "#/dependentRequired"},
      {R"({"unevaluatedProperties":false})", "#/unevaluatedProperties"},
      {R"({"minLenght":3})", "\"minLenght\""},
      {R"({"format":"iri"})", "\"iri\""},
      {R"x({"pattern":"a(?=b)"})x", "look-around"},
      {R"({"pattern":"(a)\\1"})", "reference to a group"},
      {R"({"pattern":"\\bx"})", "\\b"},
      {R"({"pattern":"\\p{L}"})", "Unicode property"},
      {R"({"pattern":"(a"})", "lacks a )"},
      {R"({"$ref":"http://example.org/x"})", "outside of this schema"},
      {R"({"$ref":"#/$defs/x"})", "nothing at"},
      {R"({"$ref":"#"})", "refers to itself"},
      {R"({"anyOf":[{"type":"null"},{"$ref":"#"}]})", "refers to itself"},
      {R"({"allOf":[{"$ref":"#"}]})", "refers to itself"},
      {R"({"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]})", "no document"},
      {R"({"type":"text"})", "#/type"},
      {R"({"minLength":-1})", "#/minLength"},
      {R"({"minLength":1.5})", "#/minLength"},
      {R"({"required":"a"})", "#/required"},
      {R"({"properties":[]})", "#/properties"},
      {R"({"enum":[]})", "#/enum"},
      {R"({"anyOf":[]})", "#/anyOf"},
      {R"({"properties":{"a":3}})", "#/properties/a is no schema"},
      {R"({"a":1,"a":2})", "two members \"a\""},
      {R"({"type":)", "not JSON"},
      {"", "not JSON"},
      {"3", "# is no schema"},
      {"false", "no document"},
      {R"({"enum":[{}],"required":["a"]})", "#/enum/0"},
      {R"({"$defs":{"a":{"$id":"b"}},"$ref":"#/$defs/a"})", "#/$defs/a/$id"}};
  for (const auto& [schema, part] : refused)
    EXPECT_THAT(refusal(schema), HasSubstr(part)) << schema;
}

}  // namespace
}  // namespace nety::grammar
