// The chat page as it is sent; tests/serve/page has how it behaves in a browser.
#include "app/serve/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace nety::serve {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

TEST(Page, LetsABrowserRunItsOwnScriptAndReachItsServerOnly) {
  const HttpAnswer page = chat_page();
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.type, "text/html; charset=utf-8");
  std::map<std::string, std::string> headers(page.headers.begin(), page.headers.end());
  const std::string& policy = headers["Content-Security-Policy"];
  for (const char* part :
       {"default-src 'none'", "script-src 'sha256-", "style-src 'sha256-", "connect-src 'self'",
        "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"})
    EXPECT_THAT(policy, HasSubstr(part));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  EXPECT_THAT(policy, Not(HasSubstr("*")));
  EXPECT_EQ(headers["X-Content-Type-Options"], "nosniff");
  EXPECT_EQ(headers["Referrer-Policy"], "no-referrer");
}

TEST(Page, IsOneDocumentWithNothingFromElsewhere) {
  const std::string page = chat_page().body;
  EXPECT_THAT(page, ContainsRegex("^<!doctype html>"));
  EXPECT_THAT(page, HasSubstr("</html>"));
  EXPECT_THAT(page, Not(HasSubstr("<!--")));  // all parts were put in
  EXPECT_THAT(page, Not(ContainsRegex("(src|href)=\"(https?:)?//")));
  EXPECT_THAT(page, Not(HasSubstr("@import")));
  EXPECT_THAT(page, Not(HasSubstr("url(")));
}

// The policy forbids handlers and styles in attributes, and texts that become HTML.
TEST(Page, HasNoScriptsInAttributesOrTexts) {
  const std::string page = chat_page().body;
  EXPECT_THAT(page, Not(ContainsRegex(" (on[a-z]+|style)=\"")));
  for (const char* word :
       {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("})
    EXPECT_THAT(page, Not(HasSubstr(word)));
}

}  // namespace
}  // namespace nety::serve
