#include "core/jinja/string_format.h"

#include <fmt/core.h>

#include "core/jinja/display.h"
#include "core/jinja/evaluator.h"
#include "core/jinja/failure.h"
#include "core/jinja/format_spec.h"
#include "core/jinja/numbers.h"
#include "core/tokenizer/unicode.h"

namespace nety::jinja {
namespace {

class Formatter {
 public:
  Formatter(Evaluator& evaluator, const Text& format, const Arguments& arguments)
      : evaluator_(evaluator),
        heap_(evaluator.heap()),
        format_(format),
        arguments_(arguments),
        out_(heap_) {}

  Value run() {
    const std::string_view bytes = format_.bytes;
    for (size_t at = 0; at < bytes.size();) {
      const char c = bytes[at];
      const bool twice = at + 1 < bytes.size() && bytes[at + 1] == c;
      if (c == '{' && !twice) {
        at = add_field(at + 1);
        continue;
      }
      if (c == '}' && !twice) fail("Single '}' encountered in format string");
      out_.add(*part_of(heap_, format_, at, at + 1).text);
      at += c == '{' || c == '}' ? 2 : 1;
    }
    return out_.finish();
  }

 private:
  /// The field that begins at `at`; where it ends.
  size_t add_field(size_t at) {
    const size_t end = format_.bytes.find('}', at);
    if (end == std::string_view::npos) fail("expected '}' before end of string");
    std::string_view field = format_.bytes.substr(at, end - at), spec;
    if (field.find('{') != std::string_view::npos)
      fail_unsupported("a field inside a field of format()");
    if (const size_t colon = field.find(':'); colon != std::string_view::npos) {
      spec = field.substr(colon + 1);
      field = field.substr(0, colon);
    }
    char conversion = 0;
    if (const size_t mark = field.find('!'); mark != std::string_view::npos) {
      if (mark + 2 != field.size()) fail("a conversion of format() is one letter");
      conversion = field[mark + 1];
      field = field.substr(0, mark);
    }
    Value value = value_of(field);
    if (conversion == 'r') {
      TextBuilder text(heap_);
      add_repr(heap_, value, text);
      value = text.finish();
    } else if (conversion == 's') {
      value = as_text(heap_, value);
    } else if (conversion != 0) {
      fail_unsupported(fmt::format("the conversion \"!{}\" of format()", conversion));
    }
    const Value made = formatted(heap_, value, read_format_spec(spec));
    out_.add(*made.text);
    return end + 1;
  }

  Value value_of(std::string_view field) {
    size_t name = std::min(field.find_first_of(".["), field.size());
    Value value = named(field.substr(0, name));
    while (name < field.size()) {
      const bool dot = field[name] == '.';
      const size_t end = std::min(
          dot ? field.find_first_of(".[", name + 1) : field.find(']', name + 1), field.size());
      const std::string_view part = field.substr(name + 1, end - name - 1);
      if (part.empty() || (!dot && end == field.size())) fail("Empty attribute in format string");
      const std::optional<int64_t> index = dot ? std::nullopt : integer_in(part);
      value = dot     ? evaluator_.attribute(value, part)
              : index ? evaluator_.item(value, of(*index))
                      : evaluator_.item(value, evaluator_.text(part));
      name = dot ? end : end + 1;
    }
    return value;
  }

  Value named(std::string_view name) {
    const bool digits =
        name.find_first_not_of("0123456789") == std::string_view::npos && name.size() < 10;
    if (digits) {
      const size_t at = name.empty() ? next_++ : static_cast<size_t>(*integer_in(name));
      (name.empty() ? automatic_ : numbered_) = true;
      if (automatic_ && numbered_)
        fail("cannot switch between manual field specification and automatic field numbering");
      if (at >= arguments_.values.size()) fail("format() has too few arguments");
      return arguments_.values[at];
    }
    for (const Arguments::Named& one : arguments_.named)
      if (one.name == name) return one.value;
    fail(fmt::format("format() is not given {}", tokenizer::quote(name)));
  }

  Evaluator& evaluator_;
  Heap& heap_;
  const Text& format_;
  const Arguments& arguments_;
  TextBuilder out_;
  size_t next_ = 0;
  bool automatic_ = false, numbered_ = false;
};

}  // namespace

Value format_text(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  if (self.text->safe) fail_unsupported("format() of a text marked safe");
  return Formatter(evaluator, *self.text, arguments).run();
}

}  // namespace nety::jinja
