// tojson as transformers defines it: Python's json.dumps, nothing escaped for HTML.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "core/jinja/display.h"
#include "core/jinja/failure.h"
#include "core/jinja/numbers.h"
#include "core/jinja/operators.h"
#include "core/tokenizer/unicode.h"

namespace nety::jinja {
namespace {

class Writer {
 public:
  Writer(Heap& heap, const JsonStyle& style, TextBuilder& out)
      : heap_(heap), style_(style), out_(out) {}

  void add(const Value& value) {
    const Heap::Level level(heap_);
    heap_.step();
    switch (value.kind) {
      case Kind::kNone:
        return out_.add("null");
      case Kind::kBoolean:
        return out_.add(value.boolean ? "true" : "false");
      case Kind::kInteger:
        return out_.add(std::to_string(value.integer));
      case Kind::kFloat:
        return out_.add(real(value.real));
      case Kind::kText:
        return add_string(*value.text);
      case Kind::kList:
      case Kind::kTuple:
        return add_array(value.items->values);
      case Kind::kMapping:
        return add_object(*value.mapping);
      default:
        fail(fmt::format("Object of type {} is not JSON serializable", type_name(value)));
    }
  }

 private:
  static std::string real(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
    return repr_of(value);
  }

  void add_string(const Text& text) {
    out_.add("\"");
    size_t span = 0;
    for (size_t at = 0; at < text.bytes.size();) {
      const tokenizer::CodePoint point = tokenizer::code_point_at(text.bytes, at);
      while (span < text.foreign.size() && text.foreign[span].end <= at) ++span;
      const bool foreign = span < text.foreign.size() && text.foreign[span].begin <= at;
      add_character(point.value, text.bytes.substr(at, point.bytes), foreign);
      at += point.bytes;
    }
    out_.add("\"");
  }

  void add_character(char32_t value, std::string_view bytes, bool foreign) {
    constexpr std::string_view kEscaped = "\"\\\n\r\t\b\f", kNames = "\"\\nrtbf";
    const auto code = static_cast<uint32_t>(value);
    const size_t known = code < 0x80 ? kEscaped.find(static_cast<char>(code)) : std::string::npos;
    if (known != std::string::npos)
      out_.add(fmt::format("\\{}", kNames[known]), foreign);
    else if (code < 0x20 || (style_.ascii && code >= 0x7f && code < 0x10000))
      out_.add(fmt::format("\\u{:04x}", code), foreign);
    else if (style_.ascii && code >= 0x10000)
      out_.add(fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + ((code - 0x10000) >> 10),
                           0xdc00 + ((code - 0x10000) & 0x3ff)),
               foreign);
    else
      out_.add(bytes, foreign);
  }

  void add_line_end() {
    if (style_.indent == nullptr) return;
    out_.add("\n");
    heap_.step(static_cast<size_t>(levels_));
    for (int i = 0; i < levels_; ++i) out_.add(*style_.indent);
  }

  /// Items between brackets; `item(i)` writes one.
  template <class Item>
  void add_all(char open, char close, size_t count, Item item) {
    out_.add(std::string_view(&open, 1));
    ++levels_;
    for (size_t i = 0; i < count; ++i) {
      if (i > 0) out_.add(style_.item);
      add_line_end();
      item(i);
    }
    --levels_;
    if (count > 0) add_line_end();
    out_.add(std::string_view(&close, 1));
  }

  void add_array(std::span<const Value> values) {
    add_all('[', ']', values.size(), [&](size_t i) { add(values[i]); });
  }

  void add_object(const Mapping& mapping) {
    std::vector<Pair> pairs(mapping.pairs.begin(), mapping.pairs.end());
    if (style_.sort_keys)
      std::ranges::stable_sort(
          pairs, [&](const Pair& a, const Pair& b) { return less(heap_, a.key, b.key); });
    add_all('{', '}', pairs.size(), [&](size_t i) {
      add_key(pairs[i].key);
      out_.add(style_.colon);
      add(pairs[i].value);
    });
  }

  void add_key(const Value& key) {
    switch (key.kind) {
      case Kind::kText:
        return add_string(*key.text);
      case Kind::kFloat:
        return out_.add("\"" + real(key.real) + "\"");
      case Kind::kInteger:
        return out_.add("\"" + std::to_string(key.integer) + "\"");
      case Kind::kBoolean:
        return out_.add(key.boolean ? "\"true\"" : "\"false\"");
      case Kind::kNone:
        return out_.add("\"null\"");
      default:
        fail(fmt::format("keys must be str, int, float, bool or None, not {}", type_name(key)));
    }
  }

  Heap& heap_;
  const JsonStyle& style_;
  TextBuilder& out_;
  int levels_ = 0;
};

}  // namespace

void add_json(Heap& heap, const Value& value, const JsonStyle& style, TextBuilder& out) {
  Writer(heap, style, out).add(value);
}

}  // namespace nety::jinja
