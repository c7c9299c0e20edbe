// PCRE2 with JIT. Texts are valid UTF-8 by the time they come here: checking them again at every
// match would take quadratic time.
#include "core/tokenizer/regex.h"

#include <fmt/core.h>

#include "core/base/error.h"
#include "core/tokenizer/refuse.h"
#include "core/tokenizer/unicode.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace nety::tokenizer {
namespace {

pcre2_code* code_of(void* code) { return static_cast<pcre2_code*>(code); }

std::string message_of(int error) {
  PCRE2_UCHAR text[128] = {};
  pcre2_get_error_message(error, text, sizeof text);
  return reinterpret_cast<const char*>(text);
}

}  // namespace

Regex::Regex(std::string_view pattern, std::string source) : source_(std::move(source)) {
  const std::string translated = translate_regex(pattern, source_);
  int error = 0;
  PCRE2_SIZE offset = 0;
  const auto context = std::unique_ptr<pcre2_compile_context, void (*)(pcre2_compile_context*)>(
      pcre2_compile_context_create(nullptr), pcre2_compile_context_free);
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  pcre2_set_parens_nest_limit(context.get(), 100);
  // Multi-line: in Ruby's syntax ^ and $ always match at line ends.
  pcre2_code* code =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                    PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE, &error, &offset, context.get());
  if (code == nullptr)
    refuse(source_,
           fmt::format("the pattern {} is not supported: {}", quote(pattern), message_of(error)));
  code_ = code;
  // Where the system forbids code made at run time this fails, and matching is interpreted.
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
}

Regex::~Regex() { pcre2_code_free(code_of(code_)); }

Regex::Search::Search(const Regex& regex)
    : regex_(&regex), data_(pcre2_match_data_create(1, nullptr)) {
  if (data_ == nullptr) throw std::bad_alloc();
}

Regex::Search::~Search() { pcre2_match_data_free(static_cast<pcre2_match_data*>(data_)); }

void Regex::Search::find_all(std::string_view text, std::vector<Span>& matches) {
  matches.clear();
  auto* data = static_cast<pcre2_match_data*>(data_);
  const auto match = [&](size_t from, uint32_t options) {
    return pcre2_match(code_of(regex_->code_), reinterpret_cast<PCRE2_SPTR>(text.data()),
                       text.size(), from, options | PCRE2_NO_UTF_CHECK, data, nullptr);
  };
  for (size_t from = 0; from <= text.size();) {
    int status = match(from, 0);
    // The compiled code has a small fixed stack; the interpreter takes what it needs.
    if (status == PCRE2_ERROR_JIT_STACKLIMIT) status = match(from, PCRE2_NO_JIT);
    if (status == PCRE2_ERROR_NOMATCH) return;
    if (status < 0)
      refuse(regex_->source_, fmt::format("a pattern of the pre-tokeniser failed on a text of {} "
                                          "bytes: {}",
                                          text.size(), message_of(status)));
    const PCRE2_SIZE* found = pcre2_get_ovector_pointer(data);
    const Span span{found[0], found[1]};
    const bool empty = span.end <= span.begin;  // \K can even make it negative
    if (!empty || matches.empty() || matches.back().end != span.begin)
      matches.push_back({span.begin, empty ? span.begin : span.end});
    if (!empty)
      from = span.end;
    else
      from = span.begin < text.size() ? span.begin + code_point_at(text, span.begin).bytes
                                      : text.size() + 1;
  }
}

}  // namespace nety::tokenizer
