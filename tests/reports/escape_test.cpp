#include "reports/escape.h"

#include <gtest/gtest.h>

namespace nety::reports {
namespace {

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

}  // namespace
}  // namespace nety::reports
