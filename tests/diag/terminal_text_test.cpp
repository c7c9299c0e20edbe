#include "diag/terminal_text.h"

#include <gtest/gtest.h>

namespace nety::diag {
namespace {

using Lines = std::vector<std::string>;

TEST(TerminalText, WrapsAtSpaces) {
  EXPECT_EQ(wrapped("one two three", 7), (Lines{"one two", "three"}));
  EXPECT_EQ(wrapped("one", 7), (Lines{"one"}));
  EXPECT_EQ(wrapped("", 7), Lines{});
  EXPECT_EQ(wrapped("été été", 3), (Lines{"été", "été"}));
}

TEST(TerminalText, BreaksWordsThatAreLongerThanALine) {
  EXPECT_EQ(wrapped("abcdefgh", 3), (Lines{"abc", "def", "gh"}));
  EXPECT_EQ(wrapped("a bcdefg h", 3), (Lines{"a", "bcd", "efg", "h"}));
  EXPECT_EQ(wrapped("ééééé", 2), (Lines{"éé", "éé", "é"}));
}

TEST(TerminalText, ShortensWithDots) {
  EXPECT_EQ(shortened("abcdef", 6), "abcdef");
  EXPECT_EQ(shortened("abcdefg", 6), "abc...");
  EXPECT_EQ(shortened("éééééé", 5), "éé...");
}

TEST(TerminalText, HasColoursOnlyWhereWanted) {
  EXPECT_EQ(inked("x", Ink::kRed, false), "x");
  EXPECT_EQ(inked("x", Ink::kRed, true), "\x1b[31mx\x1b[0m");
  EXPECT_EQ(inked("x", Ink::kPlain, true), "x");
}

}  // namespace
}  // namespace nety::diag
