#include "core/jinja/string_literal.h"

#include <fmt/core.h>

#include <charconv>

#include "core/jinja/failure.h"
#include "core/tokenizer/unicode.h"

namespace nety::jinja {
namespace {

class Reader {
 public:
  Reader(std::string_view text, int line) : text_(text), line_(line) {}

  std::string run() {
    while (at_ < text_.size())
      if (text_[at_] == '\\' && at_ + 1 < text_.size())
        escape(text_[at_ + 1]);
      else
        out_ += text_[at_++];
    return std::move(out_);
  }

 private:
  [[noreturn]] void refuse(std::string_view what, Failure::Kind kind) const {
    throw Failure{kind,
                  fmt::format("a string has {} {}", what, tokenizer::quote(text_.substr(at_, 10))),
                  line_};
  }

  void escape(char c) {
    if (std::string_view("\n\\'\"abfnrtv").find(c) != std::string_view::npos) {
      if (c != '\n') out_ += value_of(c);  // a line end behind a backslash is nothing
      at_ += 2;
    } else if (c == 'x') {
      number(2, 2, 16);
    } else if (c == 'u') {
      number(2, 4, 16);
    } else if (c == 'U') {
      number(2, 8, 16);
    } else if (c >= '0' && c <= '7') {
      size_t digits = 1;
      while (digits < 3 && at_ + 1 + digits < text_.size() && text_[at_ + 1 + digits] >= '0' &&
             text_[at_ + 1 + digits] <= '7')
        ++digits;
      number(1, digits, 8);
    } else if (c == 'N') {
      refuse("an escape that is not supported,", Failure::Kind::kUnsupported);
    } else {
      out_ += '\\';
      ++at_;
    }
  }

  static char value_of(char c) {
    switch (c) {
      case 'a':
        return '\a';
      case 'b':
        return '\b';
      case 'f':
        return '\f';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case 'v':
        return '\v';
      default:
        return c;
    }
  }

  void number(size_t skip, size_t digits, int base) {
    const std::string_view text = text_.substr(at_ + std::min(skip, text_.size() - at_), digits);
    uint32_t value = 0;
    const char* last = text.data() + text.size();
    const auto read = std::from_chars(text.data(), last, value, base);
    if (text.size() != digits || read.ec != std::errc() || read.ptr != last || value > 0x10ffff)
      refuse("a damaged escape,", Failure::Kind::kSyntax);
    if (value >= 0xd800 && value <= 0xdfff)
      refuse("half a surrogate pair,", Failure::Kind::kUnsupported);
    tokenizer::append_utf8(out_, value);
    at_ += skip + digits;
  }

  std::string_view text_;
  int line_;
  size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::string without_escapes(std::string_view text, int line) { return Reader(text, line).run(); }

}  // namespace nety::jinja
