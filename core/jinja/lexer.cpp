// Rules of white space: Jinja 3.1, lexer.py.
#include "core/jinja/lexer.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "core/jinja/failure.h"
#include "core/jinja/string_literal.h"
#include "core/jinja/text.h"
#include "core/tokenizer/unicode.h"

namespace nety::jinja {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

class Lexer {
 public:
  Lexer(std::string_view text, std::deque<std::string>& texts) : text_(text), texts_(texts) {}

  std::vector<Token> run() {
    while (at_ < text_.size()) {
      const size_t tag = next_tag();
      const char kind = tag < text_.size() ? text_[tag + 1] : ' ';
      const bool raw = kind == '%' && begins_raw(tag);
      add_data(tag, kind);
      if (tag == text_.size()) break;
      if (raw) {
        add_raw();
        continue;
      }
      pass_begin();
      if (kind == '#')
        skip_comment();
      else
        add_tag(kind);
    }
    add(Token::Kind::kEnd, "");
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void refuse(std::string what) const {
    throw Failure{Failure::Kind::kSyntax, std::move(what), line_};
  }

  Token& add(Token::Kind kind, std::string_view text) {
    tokens_.push_back({.kind = kind, .line = line_, .text = text});
    return tokens_.back();
  }

  /// Goes on to `end`, counting lines.
  void move(size_t end) {
    line_ += static_cast<int>(std::count(text_.begin() + static_cast<ptrdiff_t>(at_),
                                         text_.begin() + static_cast<ptrdiff_t>(end), '\n'));
    at_ = end;
  }

  size_t next_tag() const {
    for (size_t i = at_; i + 1 < text_.size(); ++i)
      if (text_[i] == '{' && (text_[i + 1] == '{' || text_[i + 1] == '%' || text_[i + 1] == '#'))
        return i;
    return text_.size();
  }

  /// Behind white space, as \s* of Python.
  size_t skip_blanks(size_t at) const {
    while (at < text_.size() && is_blank(tokenizer::code_point_at(text_, at).value))
      at += code_point_bytes(text_, at);
    return at;
  }

  static std::string_view without_blanks_behind(std::string_view data) {
    while (!data.empty()) {
      size_t last = data.size() - 1;
      while ((static_cast<unsigned char>(data[last]) & 0xc0) == 0x80) --last;
      if (!is_blank(tokenizer::code_point_at(data, last).value)) break;
      data = data.substr(0, last);
    }
    return data;
  }

  /// lstrip_blocks: white space from the beginning of a line up to a tag.
  std::string_view without_indent(std::string_view data) const {
    const size_t line_end = data.rfind('\n');
    if (line_end == std::string_view::npos && !at_line_start_) return data;
    const size_t start = line_end == std::string_view::npos ? 0 : line_end + 1;
    return without_blanks_behind(data).size() <= start ? data.substr(0, start) : data;
  }

  /// The text up to a tag whose sign may take white space away before it.
  void add_data(size_t tag, char kind) {
    std::string_view data = text_.substr(at_, tag - at_);
    if (tag < text_.size()) {
      const char sign = tag + 2 < text_.size() ? text_[tag + 2] : ' ';
      if (sign == '-')
        data = without_blanks_behind(data);
      else if (sign != '+' && kind != '{')
        data = without_indent(data);
    }
    if (!data.empty()) add(Token::Kind::kData, data);
    move(tag);
  }

  /// "{{", "{%" or "{#", with its sign.
  void pass_begin() {
    const char sign = at_ + 2 < text_.size() ? text_[at_ + 2] : ' ';
    move(at_ + (sign == '-' || sign == '+' ? 3 : 2));
  }

  /// What a tag's end takes away behind it.
  void end_tag(char sign, bool trims_line_end) {
    if (sign == '-')
      move(skip_blanks(at_));
    else if (sign != '+' && trims_line_end && at_ < text_.size() && text_[at_] == '\n')
      move(at_ + 1);
    at_line_start_ = text_[at_ - 1] == '\n';
  }

  void skip_comment() {
    const size_t end = text_.find("#}", at_);
    if (end == std::string_view::npos) refuse("a comment has no end");
    const char last = end > at_ ? text_[end - 1] : ' ';
    move(end + 2);
    end_tag(last, true);
  }

  /// "{% word %}" at `at`: where it ends, else 0.
  size_t end_of_word_tag(size_t at, std::string_view word, char& sign) const {
    at += 2;
    if (at < text_.size() && (text_[at] == '-' || text_[at] == '+')) ++at;
    at = skip_blanks(at);
    if (!text_.substr(at).starts_with(word)) return 0;
    at = skip_blanks(at + word.size());
    sign = at < text_.size() ? text_[at] : ' ';
    if (sign == '-' || sign == '+') ++at;
    return text_.substr(at).starts_with("%}") ? at + 2 : 0;
  }

  bool begins_raw(size_t tag) const {
    char sign = ' ';
    return end_of_word_tag(tag, "raw", sign) != 0 && sign != '+';
  }

  void add_raw() {
    char sign = ' ';
    move(end_of_word_tag(at_, "raw", sign));
    end_tag(sign, false);
    for (size_t end = at_;; ++end) {
      end = text_.find("{%", end);
      if (end == std::string_view::npos) refuse("a raw block has no end");
      const size_t behind = end_of_word_tag(end, "endraw", sign);
      if (behind == 0) continue;
      std::string_view data = text_.substr(at_, end - at_);
      if (text_[end + 2] == '-')
        data = without_blanks_behind(data);
      else if (text_[end + 2] != '+')
        data = without_indent(data);
      if (!data.empty()) add(Token::Kind::kData, data);
      move(behind);
      end_tag(sign, true);
      return;
    }
  }

  void add_tag(char kind) {
    const bool block = kind == '%';
    const std::string_view close = block ? "%}" : "}}";
    add(block ? Token::Kind::kBlockBegin : Token::Kind::kVariableBegin, "");
    std::string open;  // the brackets that "}}" might close
    for (;;) {
      move(skip_blanks(at_));
      if (at_ == text_.size()) refuse(fmt::format("a tag has no end: \"{}\" is missing", close));
      const char sign = text_[at_];
      const bool with_sign =
          (sign == '-' || (sign == '+' && block)) && text_.substr(at_ + 1).starts_with(close);
      if (open.empty() && (with_sign || text_.substr(at_).starts_with(close))) {
        add(block ? Token::Kind::kBlockEnd : Token::Kind::kVariableEnd, "");
        move(at_ + close.size() + (with_sign ? 1 : 0));
        end_tag(with_sign ? sign : ' ', block);
        return;
      }
      add_word(open);
    }
  }

  void add_word(std::string& open) {
    const char first = text_[at_];
    if (first == '\'' || first == '"') return add_string(first);
    if (is_digit(first)) return add_number();
    if (is_word(first)) {
      size_t end = at_;
      while (end < text_.size() && is_word(text_[end])) ++end;
      add(Token::Kind::kName, text_.substr(at_, end - at_));
      return move(end);
    }
    constexpr std::string_view kTwo[] = {"//", "**", "==", "!=", "<=", ">="};
    std::string_view word = text_.substr(at_, 1);
    for (const std::string_view two : kTwo)
      if (text_.substr(at_).starts_with(two)) word = text_.substr(at_, 2);
    if (word.size() == 1 &&
        std::string_view("+-*/%~[](){}<>=.:|,;").find(first) == std::string_view::npos)
      refuse(fmt::format("unexpected character {}", tokenizer::quote(word)));
    if (first == '(' || first == '[' || first == '{') open += first;
    if (first == ')' || first == ']' || first == '}') {
      const char wanted = first == ')' ? '(' : first == ']' ? '[' : '{';
      if (open.empty() || open.back() != wanted) refuse(fmt::format("unexpected '{}'", first));
      open.pop_back();
    }
    add(Token::Kind::kOperator, word);
    move(at_ + word.size());
  }

  void add_string(char quote) {
    size_t end = at_ + 1;
    bool plain = true;
    while (end < text_.size() && text_[end] != quote) {
      if (text_[end] == '\\') {
        plain = false;
        ++end;
      }
      ++end;
    }
    if (end >= text_.size()) refuse("a string has no end");
    std::string_view text = text_.substr(at_ + 1, end - at_ - 1);
    if (!plain) text = texts_.emplace_back(without_escapes(text, line_));
    add(Token::Kind::kString, text);
    move(end + 1);
  }

  /// Digits with single underscores between them.
  size_t end_of_digits(size_t at, bool (*fits)(char)) const {
    while (at < text_.size() &&
           (fits(text_[at]) || (text_[at] == '_' && at + 1 < text_.size() && fits(text_[at + 1]))))
      ++at;
    return at;
  }

  void add_number() {
    const auto hexadecimal = [](char c) {
      return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    };
    const char kind = at_ + 1 < text_.size() ? static_cast<char>(text_[at_ + 1] | 0x20) : ' ';
    if (text_[at_] == '0' && (kind == 'x' || kind == 'o' || kind == 'b')) {
      const size_t end = end_of_digits(at_ + 2, hexadecimal);
      return add_integer(end, at_ + 2, kind == 'x' ? 16 : kind == 'o' ? 8 : 2);
    }
    const size_t whole = end_of_digits(at_, is_digit);
    size_t end = whole;
    const auto is_at = [&](size_t at, auto fits) { return at < text_.size() && fits(text_[at]); };
    const bool behind_dot = at_ > 0 && text_[at_ - 1] == '.';
    if (!behind_dot && is_at(end, [](char c) { return c == '.'; }) && is_at(end + 1, is_digit))
      end = end_of_digits(end + 1, is_digit);
    if (!behind_dot && is_at(end, [](char c) { return c == 'e' || c == 'E'; })) {
      const bool sign = is_at(end + 1, [](char c) { return c == '+' || c == '-'; });
      const size_t digits = end + (sign ? 2 : 1);
      if (is_at(digits, is_digit)) end = end_of_digits(digits, is_digit);
    }
    if (end == whole) return add_integer(end, at_, 10);
    std::string digits(text_.substr(at_, end - at_));
    std::erase(digits, '_');
    Token& token = add(Token::Kind::kFloat, text_.substr(at_, end - at_));
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), token.real);
    if (read.ec == std::errc::result_out_of_range)
      refuse(fmt::format("the number {} is out of range", digits));
    move(end);
  }

  void add_integer(size_t end, size_t begin, int base) {
    std::string digits(text_.substr(begin, end - begin));
    std::erase(digits, '_');
    if (base == 10 && digits.size() > 1 && digits[0] == '0' &&
        digits.find_first_not_of('0') != std::string::npos)
      refuse(fmt::format("{} is no number", digits));
    Token& token = add(Token::Kind::kInteger, text_.substr(at_, end - at_));
    const char* last = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), last, token.integer, base);
    if (read.ec != std::errc() || read.ptr != last)
      refuse(fmt::format("the number {} is not one of 64 bits",
                         tokenizer::quote(text_.substr(at_, end - at_))));
    move(end);
  }

  std::string_view text_;
  std::deque<std::string>& texts_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  int line_ = 1;
  bool at_line_start_ = true;  // behind the last tag
};

}  // namespace

std::string with_plain_line_ends(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const bool pair = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
    if (!pair) out += text[i] == '\r' ? '\n' : text[i];
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

std::vector<Token> tokens_of(std::string_view source, std::deque<std::string>& texts) {
  return Lexer(source, texts).run();
}

}  // namespace nety::jinja
