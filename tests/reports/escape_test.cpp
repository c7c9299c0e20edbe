#include "reports/escape.h"

#include <gtest/gtest.h>

namespace nety::reports {
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

TEST(EscapeHtml, EscapesMarkupAndQuotes) {
  EXPECT_EQ(escape_html("<a href=\"x\" id='y'>&"),
            "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;");
}

TEST(EscapeMarkdown, LeavesNothingToInterpret) {
  EXPECT_EQ(escape_markdown("a|b"), "a\\|b");
  EXPECT_EQ(escape_markdown("**x** `y` [z](u)\n# h"), "\\*\\*x\\*\\* \\`y\\` \\[z\\](u) \\# h");
  EXPECT_EQ(escape_markdown("<b>&"), "&lt;b\\>&amp;");
  EXPECT_EQ(escape_markdown("@user"), "\\@user");
}

TEST(EscapeCsv, QuotesAndDefusesFormulas) {
  EXPECT_EQ(escape_csv("plain"), "plain");
  EXPECT_EQ(escape_csv("a,b\"c"), "\"a,b\"\"c\"");
  EXPECT_EQ(escape_csv("x\ny"), "\"x\ny\"");
  EXPECT_EQ(escape_csv("=1+2"), "\"'=1+2\"");
  EXPECT_EQ(escape_csv(""), "");
}

TEST(EscapeShell, QuotesOnlyWhereNeeded) {
  EXPECT_EQ(escape_shell("--modes=fp32,bf16"), "--modes=fp32,bf16");
  EXPECT_EQ(escape_shell("a b"), "'a b'");
  EXPECT_EQ(escape_shell("it's $x"), "'it'\\''s $x'");
  EXPECT_EQ(escape_shell(""), "''");
}

TEST(Width, CountsCharacters) { EXPECT_EQ(width_of("é≈x"), 3U); }

}  // namespace
}  // namespace nety::reports
