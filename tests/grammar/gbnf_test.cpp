// GBNF as llama.cpp reads it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/error_of.h"
#include "tests/grammar/accepts.h"

namespace nety::grammar {
namespace {

TEST(Gbnf, ReadsTextsClassesAndRepetitions) {
  const Grammar grammar = Grammar::of_gbnf(R"(# a comment
root ::= greeting " " name{1,3} [!?]+ tail*   # behind a rule
greeting ::= "Hi" | "H" "e" .
  | "\x41\u00e9\n"
name ::= [A-Z] [a-z_\-]* ("-" [^-\]])?
tail ::= (
  "x"
  | "yz"
)
)");
  for (const char* text :
       {"Hi Bob!", "He\xc3\xa9 Bob-x??", "A\xc3\xa9\n Z?", "Hi AbCdEf!xyzx", "Hi A_-!"})
    EXPECT_TRUE(accepts(grammar, text)) << text;
  for (const char* text : {"Hi", "Hi !", "Hi AbCdEfGh!", "Hi Bob", "Hi Bob!y", "He Bob!"})
    EXPECT_FALSE(accepts(grammar, text)) << text;
}

TEST(Gbnf, CountsRepetitions) {
  const Grammar grammar =
      Grammar::of_gbnf("root ::= (\"ab\" | \"a\"){2,4} \"c\"{3} [0-9]{2,} \"d\"{0} \"e\"{0,1}");
  for (const char* text : {"ababccc12", "aaccc123456", "aabaaccc99e"})
    EXPECT_TRUE(accepts(grammar, text)) << text;
  for (const char* text : {"abccc12", "aaaaaccc12", "aacc12", "aaccc1", "aaccc12d", "aaccc12ee"})
    EXPECT_FALSE(accepts(grammar, text)) << text;
  EXPECT_TRUE(begins(Grammar::of_gbnf("root ::= [a-z]{1000000,}"), "abc"));
}

TEST(Gbnf, ReadsRulesThatNest) {
  const Grammar grammar = Grammar::of_gbnf(
      "root ::= sum\nsum ::= term (\"+\" term)*\nterm ::= [0-9]+ | \"(\" sum \")\"\n");
  EXPECT_TRUE(accepts(grammar, "1+(2+(3+44))+5"));
  EXPECT_FALSE(accepts(grammar, "1+(2+3"));
  EXPECT_FALSE(begins(grammar, "1++"));
  const Grammar right = Grammar::of_gbnf("root ::= \"x\" root?");
  EXPECT_TRUE(accepts(right, std::string(5000, 'x')));
}

TEST(Gbnf, SaysWhatIsWrongAndWhere) {
  const std::pair<const char*, const char*> wrong[] = {
      {"", "no rule \"root\""},
      {"root ::= x", "no rule \"x\""},
      {"root ::= \"a\"\nroot ::= \"b\"", "twice"},
      {"root = \"a\"", "::= is missing"},
      {"root ::= \"a", "ends too early"},
      {"root ::= (\"a\"", ") is missing"},
      {"root ::= \"a\" )", "belongs to no rule"},
      {"root ::= [z-a]", "range"},
      {"root ::= \"\\q\"", "no such escape"},
      {"root ::= \"a\"{3,2}", "least count"},
      {"x ::= \"a\"\n\n\nroot ::= \"\\uD800\"", "line 4"}};
  for (const auto& [text, part] : wrong) {
    const Error error = error_of([&] { Grammar::of_gbnf(text); });
    EXPECT_EQ(error.kind(), ErrorKind::kUsage) << text;
    EXPECT_THAT(error.what(), testing::HasSubstr(part)) << text;
  }
}

}  // namespace
}  // namespace nety::grammar
