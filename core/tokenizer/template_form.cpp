// Rules of white space: Jinja 3, lexer.py. tests/data/tokenizer/make_templates.py makes the same
// forms with that lexer itself.
#include "core/tokenizer/template_form.h"

#include <optional>
#include <vector>

namespace nety::tokenizer {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Line ends as "\n", and none at the end.
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

/// Reads a template from its beginning to its end.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::string run() {
    while (at_ < text_.size()) {
      const size_t tag = next_tag();
      const char kind = tag < text_.size() ? text_[tag + 1] : ' ';
      add_data(tag, kind);
      if (tag == text_.size()) break;
      const bool read = kind == '#' ? skip_comment() : add_tag(kind);
      if (!read) return {};
    }
    return std::move(out_);
  }

 private:
  /// Where the next "{{", "{%" or "{#" is, or the end.
  size_t next_tag() const {
    for (size_t i = at_; i + 1 < text_.size(); ++i)
      if (text_[i] == '{' && (text_[i + 1] == '{' || text_[i + 1] == '%' || text_[i + 1] == '#'))
        return i;
    return text_.size();
  }

  /// The text up to a tag, without what the tag's sign and lstrip_blocks take away before it.
  void add_data(size_t tag, char kind) {
    std::string_view data = text_.substr(at_, tag - at_);
    at_ = tag;
    if (tag < text_.size()) {
      at_ += 2;
      const char sign = at_ < text_.size() ? text_[at_] : ' ';
      if (sign == '-' || sign == '+') ++at_;
      if (sign == '-')
        while (!data.empty() && is_space(data.back())) data.remove_suffix(1);
      else if (sign != '+' && kind != '{')
        data = without_indent(data);
    }
    out_ += data;
  }

  std::string_view without_indent(std::string_view data) const {
    const size_t line_end = data.rfind('\n');
    if (line_end == std::string_view::npos && !at_line_start_) return data;
    const size_t start = line_end == std::string_view::npos ? 0 : line_end + 1;
    for (size_t i = start; i < data.size(); ++i)
      if (!is_space(data[i])) return data;
    return data.substr(0, start);
  }

  /// What a tag's end takes away behind it.
  void end_tag(bool minus, bool plus, bool trims_line_end) {
    const size_t before = at_;
    if (minus)
      while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    else if (!plus && trims_line_end && at_ < text_.size() && text_[at_] == '\n')
      ++at_;
    at_line_start_ = at_ > before && text_[at_ - 1] == '\n';
  }

  bool skip_comment() {
    const size_t end = text_.find("#}", at_);
    if (end == std::string_view::npos) return false;
    const bool minus = end > at_ && text_[end - 1] == '-',
               plus = end > at_ && text_[end - 1] == '+';
    at_ = end + 2;
    end_tag(minus, plus, true);
    return true;
  }

  bool add_tag(char kind) {
    const std::string_view close = kind == '{' ? "}}" : "%}";
    std::vector<std::string> words;
    int open = 0;  // brackets: "}}" may end a dictionary in them
    for (;;) {
      while (at_ < text_.size() && is_space(text_[at_])) ++at_;
      if (at_ == text_.size()) return false;
      const char sign = text_[at_];
      const bool signed_end =
          (sign == '-' || (sign == '+' && kind == '%')) && text_.substr(at_ + 1).starts_with(close);
      if (open == 0 && (signed_end || text_.substr(at_).starts_with(close))) {
        at_ += close.size() + (signed_end ? 1 : 0);
        end_tag(signed_end && sign == '-', signed_end && sign == '+', kind == '%');
        break;
      }
      std::optional<std::string> word = next_word();
      if (!word) return false;
      if (*word == "{" || *word == "[" || *word == "(") ++open;
      if (*word == "}" || *word == "]" || *word == ")") --open;
      add_word(std::move(*word), words);
    }
    if (!words.empty() && words.front() == "raw" && kind == '%') return false;
    out_ += kind == '{' ? "{{" : "{%";
    for (const std::string& word : words) (out_ += ' ') += word;
    (out_ += ' ') += close;
    return true;
  }

  /// A name behind a dot is what a string in brackets is.
  static void add_word(std::string word, std::vector<std::string>& words) {
    const bool member = !words.empty() && words.back() == "." && is_word(word[0]);
    if (!member || is_digit(word[0])) {
      words.push_back(std::move(word));
      return;
    }
    words.back() = "[";
    words.push_back("'" + word + "'");
    words.emplace_back("]");
  }

  std::optional<std::string> next_word() {
    const char first = text_[at_];
    if (first == '\'' || first == '"') return next_string(first);
    const size_t start = at_++;
    if (is_word(first)) {
      const auto goes_on = [&](size_t i) {
        return is_word(text_[i]) || (text_[i] == '.' && is_digit(first) && i + 1 < text_.size() &&
                                     is_digit(text_[i + 1]));
      };
      while (at_ < text_.size() && goes_on(at_)) ++at_;
    } else if (at_ < text_.size()) {
      const std::string_view two = text_.substr(start, 2);
      for (const std::string_view known : {"==", "!=", ">=", "<=", "//", "**"})
        if (two == known) at_ = start + 2;
    }
    return std::string(text_.substr(start, at_ - start));
  }

  std::optional<std::string> next_string(char quote) {
    std::string out = "'";
    for (++at_; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == quote) {
        ++at_;
        return out + "'";
      }
      if (c == '\\') {
        if (++at_ == text_.size()) return std::nullopt;
        const size_t known = std::string_view("nt\\'\"").find(text_[at_]);
        if (known == std::string_view::npos) return std::nullopt;
        c = "\n\t\\'\""[known];
      }
      if (c == '\n')
        out += "\\n";
      else if (c == '\t')
        out += "\\t";
      else if (c == '\\' || c == '\'')
        (out += '\\') += c;
      else
        out += c;
    }
    return std::nullopt;
  }

  std::string_view text_;
  size_t at_ = 0;
  bool at_line_start_ = true;  // behind the last tag
  std::string out_;
};

}  // namespace

std::string template_form(std::string_view jinja) {
  const std::string text = with_plain_line_ends(jinja);
  return Reader(text).run();
}

}  // namespace nety::tokenizer
