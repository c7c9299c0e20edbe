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
  EXPECT_EQ(printable("\xc0\x9b"), mark + mark);             // ESC in a form too long
  EXPECT_EQ(printable("\xed\xa0\x80"), mark + mark + mark);  // a surrogate
  EXPECT_EQ(printable("cut \xe2\x82"), "cut " + mark + mark);
}

TEST(PrintableJson, EscapesWhatJsonAllowsRaw) {
  EXPECT_EQ(printable_json("{\"a\": \"x\x7f\xc2\x9b"
                           "31m é\"}"),
            "{\"a\": \"x\\u007f\\u009b31m é\"}");
  EXPECT_EQ(printable_json("{\"a\": \"\\u001b\"}"), "{\"a\": \"\\u001b\"}");
}

}  // namespace
}  // namespace nety
