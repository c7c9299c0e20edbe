#include "core/base/printable.h"

#include <gtest/gtest.h>

namespace nety {
namespace {

TEST(Printable, KeepsText) {
  for (const char* text :
       {"", "plain", "two\nlines\tand a tab", "é ½ 日本 👩‍🚀 «»", "\\x1b[31m"})
    EXPECT_EQ(printable(text), text);
}

TEST(Printable, LetsNothingReachTheTerminal) {
  const std::string mark = "\xef\xbf\xbd";
  EXPECT_EQ(printable("a\x1b[31mb"), "a" + mark + "[31mb");            // colour
  EXPECT_EQ(printable("\x1b]0;title\x07"), mark + "]0;title" + mark);  // title
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            mark + "31m");                       // CSI as one character
  EXPECT_EQ(printable("\xc2\xa0"), "\xc2\xa0");  // a blank, not a control
  EXPECT_EQ(printable("over\rwrite\b\x7f"), "over" + mark + "write" + mark + mark);
  EXPECT_EQ(printable("\xe2\x80\xae"
                      "fdp.exe"),
            mark + "fdp.exe");  // right to left
  EXPECT_EQ(printable("\xe2\x81\xa6x\xe2\x81\xa9"), mark + "x" + mark);
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a" + mark + "b");
}

TEST(Printable, ReplacesWhatIsNoUtf8) {
  const std::string mark = "\xef\xbf\xbd";
  EXPECT_EQ(printable("a\xff"
                      "b"),
            "a" + mark + "b");
  EXPECT_EQ(printable("\xc0\x9b"), mark + mark);  // ESC in a form too long
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), mark + mark + mark + mark);
  EXPECT_EQ(printable("\xed\xa0\x80"), mark + mark + mark);  // a surrogate
  EXPECT_EQ(printable("cut \xe2\x82"), "cut " + mark + mark);
}

TEST(Printable, ReplacesWhatXmlForbids) {
  EXPECT_EQ(printable("a\xef\xbf\xbe\xef\xbf\xbf", "?"), "a??");
  EXPECT_EQ(printable("\xef\xbf\xbd", "?"), "\xef\xbf\xbd");
}

TEST(OneLine, LetsNothingReachTheTerminal) {
  EXPECT_EQ(one_line("a\x1b[31mb\n\t\x7f", "?"), "a?[31mb  ?");
  EXPECT_EQ(one_line("a\xc2\x9b"
                     "31mb",
                     "?"),
            "a?31mb");  // the one-character form of ESC [
  EXPECT_EQ(one_line("\xe2\x80\xae"
                     "fdp.exe",
                     "?"),
            "?fdp.exe");
  EXPECT_EQ(one_line("é à · ü €", "?"), "é à · ü €");
  EXPECT_EQ(one_line("a\x9b\xff\xc3", "?"), "a???");
}

TEST(PrintableJson, EscapesWhatJsonAllowsRaw) {
  EXPECT_EQ(printable_json("{\"a\": \"x\x7f\xc2\x9b"
                           "31m é\"}"),
            "{\"a\": \"x\\u007f\\u009b31m é\"}");
  EXPECT_EQ(printable_json("{\"a\": \"\\u001b\"}"), "{\"a\": \"\\u001b\"}");
}

}  // namespace
}  // namespace nety
