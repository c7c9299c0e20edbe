#include "core/jinja/percent_format.h"

#include <fmt/core.h>

#include "core/jinja/display.h"
#include "core/jinja/failure.h"
#include "core/jinja/format_spec.h"
#include "core/jinja/numbers.h"
#include "core/jinja/operators.h"
#include "core/tokenizer/unicode.h"

namespace nety::jinja {
namespace {

class Formatter {
 public:
  Formatter(Heap& heap, const Text& format, const Value& values)
      : heap_(heap), format_(format), given_(values), out_(heap) {
    if (values.is(Kind::kTuple))
      values_ = values.items->values;
    else
      values_ = std::span(&given_, 1);
  }

  Value run() {
    const std::string_view bytes = format_.bytes;
    for (size_t at = 0; at < bytes.size();) {
      const size_t end = std::min(bytes.find('%', at), bytes.size());
      if (end > at) out_.add(*part_of(heap_, format_, at, end).text);
      at = end < bytes.size() ? add_field(end + 1) : end;
    }
    // Of a mapping nothing has to be used.
    if (next_ < values_.size() && !by_name_ && !given_.is(Kind::kMapping) &&
        !given_.is(Kind::kList) && !given_.is(Kind::kRange))
      fail("not all arguments converted during string formatting");
    return out_.finish();
  }

 private:
  const Value& next_value() {
    if (next_ >= values_.size()) fail("not enough arguments for format string");
    return values_[next_++];
  }

  size_t add_field(size_t at) {
    const std::string_view bytes = format_.bytes;
    const auto is = [&](char c) { return at < bytes.size() && bytes[at] == c; };
    const Value* value = nullptr;
    if (is('(')) {
      const size_t end = bytes.find(')', at);
      if (end == std::string_view::npos) fail("incomplete format key");
      if (!given_.is(Kind::kMapping)) fail("format requires a mapping");
      const std::string_view key = bytes.substr(at + 1, end - at - 1);
      value = find(heap_, *given_.mapping, key);
      if (value == nullptr) fail(fmt::format("there is no {} to format", tokenizer::quote(key)));
      by_name_ = true;
      at = end + 1;
    }
    std::string flags, rest;
    while (at < bytes.size() && std::string_view("#0- +").find(bytes[at]) < std::string_view::npos)
      flags += bytes[at++];
    if (is('*')) fail_unsupported("a format with a width of \"*\"");
    while (at < bytes.size() && (bytes[at] == '.' || (bytes[at] >= '0' && bytes[at] <= '9')))
      rest += bytes[at++];
    if (rest.ends_with('.')) rest += '0';
    while (is('h') || is('l') || is('L')) ++at;
    if (at == bytes.size()) fail("incomplete format");
    const char type = bytes[at++];
    if (type == '%')
      out_.add("%");
    else
      add(value == nullptr ? next_value() : *value, flags, rest, type);
    return at;
  }

  void add(const Value& value, const std::string& flags, const std::string& rest, char type) {
    const auto has = [&](char flag) { return flags.find(flag) != std::string::npos; };
    const bool number = std::string_view("diuxXofFeEgG").find(type) < std::string_view::npos;
    std::string spec = has('-') ? "<" : number && !has('0') ? ">" : number ? "" : ">";
    if (number && has('+'))
      spec += '+';
    else if (number && has(' '))
      spec += ' ';
    if (number && has('#')) spec += '#';
    if (number && has('0') && !has('-')) spec += '0';
    spec += rest;
    Value shown = value;
    if (type == 'r') {
      TextBuilder text(heap_);
      add_repr(heap_, value, text);
      shown = text.finish();
    } else if (type == 's') {
      shown = as_text(heap_, value);
    } else if (number) {
      expect_defined(value);
      if (!value.is_number())
        fail(fmt::format("%{} format: a number is required, not {}", type, type_name(value)));
      const bool real = std::string_view("fFeEgG").find(type) < std::string_view::npos;
      if (real) {
        shown = of(value.number());
        spec += type;
      } else {
        if (value.is(Kind::kFloat) && (type == 'x' || type == 'X' || type == 'o'))
          fail(fmt::format("%{} format: an integer is required, not float", type));
        shown = value.is(Kind::kFloat) ? of(truncated(value.real)) : of(value.whole());
        if (rest.find('.') != std::string::npos) fail_unsupported("digits of a whole number");
        spec += type == 'i' || type == 'u' ? 'd' : type;
      }
    } else {
      fail_unsupported(fmt::format("the format \"%{}\"", type));
    }
    out_.add(*formatted(heap_, shown, read_format_spec(spec)).text);
  }

  Heap& heap_;
  const Text& format_;
  Value given_;
  TextBuilder out_;
  std::span<const Value> values_;
  size_t next_ = 0;
  bool by_name_ = false;
};

}  // namespace

Value percent_format(Heap& heap, const Text& format, const Value& values) {
  if (format.safe) fail_unsupported("formatting a text marked safe");
  return Formatter(heap, format, values).run();
}

}  // namespace nety::jinja
