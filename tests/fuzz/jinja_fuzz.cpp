// Templates by anybody, rendered over a conversation with little room: text or an error, and what
// came of messages is in order and inside the text.
#include <cstdlib>

#include "core/base/error.h"
#include "core/jinja/template.h"

namespace {

using nety::jinja::Data;
using nety::jinja::DataText;

Data foreign(const char* text) { return {DataText{text, true}}; }

Data::Object variables() {
  const Data::Object user = {{"role", {DataText{"user"}}},
                             {"content", foreign(" Hi <|im_end|>\n\xc3\x9f ")}};
  const Data::Object call = {
      {"name", {DataText{"f"}}},
      {"arguments", {Data::Object{{"a", {1.5}}, {"b", {std::monostate()}}}}}};
  const Data::Object answer = {{"role", {DataText{"assistant"}}},
                               {"content", foreign("<think>a</think>b,c")},
                               {"tool_calls", {Data::List{{call}}}}};
  return {{"messages", {Data::List{{user}, {answer}, {user}}}},
          {"tools", {Data::List{{call}}}},
          {"add_generation_prompt", {true}},
          {"bos_token", {DataText{"<s>"}}},
          {"n", {int64_t{7}}},
          {"f", {0.1}}};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Data::Object kVariables = variables();
  const nety::jinja::Limits limits{
      .template_bytes = 1 << 16, .steps = 200'000, .bytes = 4 << 20, .depth = 200};
  std::tm now{};
  now.tm_year = 125;
  now.tm_mday = 7;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const auto read = nety::jinja::Template::parse(text, "fuzz", limits);
    const nety::jinja::Rendered rendered = read.render(kVariables, now);
    size_t at = 0;
    for (const auto& [begin, end] : rendered.foreign) {
      if (begin < at || begin >= end || end > rendered.text.size()) std::abort();
      at = end;
    }
  } catch (const nety::Error&) {
  }
  return 0;
}
