#include "diag/page.h"

#include <gtest/gtest.h>

namespace nety::diag {
namespace {

using Lines = std::vector<std::string>;

TEST(Page, CountsCharactersAndNotBytes) {
  EXPECT_EQ(width_of("Périphérique"), 12U);
  EXPECT_EQ(padded("é", 3), "é  ");
  EXPECT_EQ(padded("long", 2), "long");
}

TEST(Page, WrapsAtSpaces) {
  EXPECT_EQ(wrapped("one two three", 7), (Lines{"one two", "three"}));
  EXPECT_EQ(wrapped("one", 7), (Lines{"one"}));
  EXPECT_EQ(wrapped("", 7), Lines{});
  EXPECT_EQ(wrapped("été été", 3), (Lines{"été", "été"}));
}

TEST(Page, BreaksWordsThatAreLongerThanALine) {
  EXPECT_EQ(wrapped("abcdefgh", 3), (Lines{"abc", "def", "gh"}));
  EXPECT_EQ(wrapped("a bcdefg h", 3), (Lines{"a", "bcd", "efg", "h"}));
  EXPECT_EQ(wrapped("ééééé", 2), (Lines{"éé", "éé", "é"}));
}

TEST(Page, ShortensWithDots) {
  EXPECT_EQ(shortened("abcdef", 6), "abcdef");
  EXPECT_EQ(shortened("abcdefg", 6), "abc...");
  EXPECT_EQ(shortened("éééééé", 5), "éé...");
}

TEST(Page, LetsNothingReachTheTerminal) {
  EXPECT_EQ(plain("a\x1b[31mb\n\t\x7f"), "a?[31mb???");
  EXPECT_EQ(plain("a\xc2\x9b"
                  "31mb"),
            "a?31mb");  // the one-character form of ESC [
  EXPECT_EQ(plain("é à · ü €"), "é à · ü €");
  EXPECT_EQ(plain("a\x9b\xff\xc3"), "a???");
}

TEST(Page, HasColoursOnlyWhereWanted) {
  EXPECT_EQ(inked("x", Ink::kRed, false), "x");
  EXPECT_EQ(inked("x", Ink::kRed, true), "\x1b[31mx\x1b[0m");
  EXPECT_EQ(inked("x", Ink::kPlain, true), "x");
}

}  // namespace
}  // namespace nety::diag
