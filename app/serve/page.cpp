#include "app/serve/page.h"

#include <fmt/core.h>

#include <string>
#include <string_view>

namespace nety::serve {
namespace {

#include "app/serve/page/page.inc"

void put_in(std::string& page, std::string_view mark, const std::string& element) {
  page.replace(page.find(mark), mark.size(), element);
}

std::string whole_page() {
  std::string script;
  for (const std::string_view part : kScripts) script += part;
  std::string page(kFrame);
  put_in(page, "<!--style-->", fmt::format("<style>{}</style>", kStyle));
  put_in(page, "<!--script-->", fmt::format("<script>{}</script>", script));
  return page;
}

/// Trusted types: the script cannot even turn a text into HTML by mistake.
std::string content_policy() {
  return fmt::format(
      "default-src 'none'; script-src '{}'; style-src '{}'; img-src data:; connect-src 'self'; "
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
      "require-trusted-types-for 'script'; trusted-types 'none'",
      kScriptHash, kStyleHash);
}

}  // namespace

HttpAnswer chat_page() {
  static const std::string page = whole_page();
  HttpAnswer answer{.type = "text/html; charset=utf-8", .body = page};
  answer.headers = {{"Content-Security-Policy", content_policy()},
                    {"X-Content-Type-Options", "nosniff"},
                    {"X-Frame-Options", "DENY"},
                    {"Referrer-Policy", "no-referrer"},
                    {"Cross-Origin-Resource-Policy", "same-origin"},
                    {"Cache-Control", "no-cache"}};
  return answer;
}

}  // namespace nety::serve
