#include "core/base/plain_text.h"

#include <gtest/gtest.h>

namespace nety {
namespace {

const std::string kBad = "\xef\xbf\xbd";

TEST(Clean, KeepsWhatIsValid) {
  EXPECT_EQ(clean("a é 漢 😀\n\t"), "a é 漢 😀\n\t");
  EXPECT_EQ(clean(""), "");
}

TEST(Clean, ReplacesWhatIsNot) {
  EXPECT_EQ(clean("\xff"), kBad);
  EXPECT_EQ(clean("\xc3"), kBad);
  EXPECT_EQ(clean("\xc0\xaf"), kBad + kBad);             // overlong
  EXPECT_EQ(clean("\xed\xa0\x80"), kBad + kBad + kBad);  // surrogate
  EXPECT_EQ(clean("\xf4\x90\x80\x80"), kBad + kBad + kBad + kBad);
  EXPECT_EQ(clean("\xe2\x82"), kBad + kBad);
  EXPECT_EQ(clean("a\x1b[0m\r"), "a" + kBad + "[0m" + kBad);
  EXPECT_EQ(clean("\xc2\x9b"), kBad);
  EXPECT_EQ(clean(std::string("\0x", 2)), kBad + "x");
}

TEST(OneLine, LetsNothingReachTheTerminal) {
  EXPECT_EQ(one_line("a\x1b[31mb\n\t\x7f", "?"), "a?[31mb  ?");
  EXPECT_EQ(one_line("a\xc2\x9b"
                     "31mb",
                     "?"),
            "a?31mb");  // the one-character form of ESC [
  EXPECT_EQ(one_line("é à · ü €", "?"), "é à · ü €");
  EXPECT_EQ(one_line("a\x9b\xff\xc3", "?"), "a???");
}

TEST(Columns, CountCharactersAndNotBytes) {
  EXPECT_EQ(width_of("é≈x"), 3U);
  EXPECT_EQ(width_of("Périphérique"), 12U);
  EXPECT_EQ(padded("é", 3), "é  ");
  EXPECT_EQ(padded("é", 3, true), "  é");
  EXPECT_EQ(padded("long", 2), "long");
}

}  // namespace
}  // namespace nety
