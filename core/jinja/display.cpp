#include "core/jinja/display.h"

#include <fmt/core.h>
#include <utf8proc.h>

#include "core/jinja/failure.h"
#include "core/jinja/loop.h"
#include "core/jinja/macro.h"
#include "core/jinja/numbers.h"
#include "core/tokenizer/unicode.h"

namespace nety::jinja {
namespace {

/// Calls `add(code point, its bytes, foreign)` for each character of a text.
template <class Add>
void each_character(const Text& text, Add add) {
  size_t span = 0;
  for (size_t at = 0; at < text.bytes.size();) {
    const tokenizer::CodePoint point = tokenizer::code_point_at(text.bytes, at);
    while (span < text.foreign.size() && text.foreign[span].end <= at) ++span;
    const bool foreign = span < text.foreign.size() && text.foreign[span].begin <= at;
    add(point.value, text.bytes.substr(at, point.bytes), foreign);
    at += point.bytes;
  }
}

void add_quoted(const Text& text, TextBuilder& out) {
  const bool double_quotes = text.bytes.find('\'') != std::string_view::npos &&
                             text.bytes.find('"') == std::string_view::npos;
  const char32_t quote = double_quotes ? U'"' : U'\'';
  if (text.safe) out.add("Markup(");
  out.add(double_quotes ? "\"" : "'");
  each_character(text, [&](char32_t value, std::string_view bytes, bool foreign) {
    if (value == quote || value == U'\\')
      out.add(fmt::format("\\{}", bytes), foreign);
    else if (value == U'\n' || value == U'\r' || value == U'\t')
      out.add(value == U'\n' ? "\\n" : value == U'\r' ? "\\r" : "\\t", foreign);
    else if (is_printable(value))
      out.add(bytes, foreign);
    else if (value < 0x100)
      out.add(fmt::format("\\x{:02x}", static_cast<uint32_t>(value)), foreign);
    else if (value < 0x10000)
      out.add(fmt::format("\\u{:04x}", static_cast<uint32_t>(value)), foreign);
    else
      out.add(fmt::format("\\U{:08x}", static_cast<uint32_t>(value)), foreign);
  });
  out.add(double_quotes ? "\"" : "'");
  if (text.safe) out.add(")");
}

void add_items(Heap& heap, std::span<const Value> values, TextBuilder& out) {
  bool first = true;
  for (const Value& value : values) {
    if (!first) out.add(", ");
    first = false;
    add_repr(heap, value, out);
  }
}

void add_mapping(Heap& heap, const Mapping& mapping, TextBuilder& out) {
  out.add("{");
  bool first = true;
  for (const Pair& pair : mapping.pairs) {
    if (!first) out.add(", ");
    first = false;
    add_repr(heap, pair.key, out);
    out.add(": ");
    add_repr(heap, pair.value, out);
  }
  out.add("}");
}

void add_namespace(Heap& heap, const Namespace& names, TextBuilder& out) {
  MappingBuilder mapping(heap);
  for (const Namespace::Entry* entry = names.first; entry != nullptr; entry = entry->next)
    mapping.set(text_of(heap, entry->name), entry->value);
  out.add("<Namespace ");
  add_repr(heap, mapping.finish(), out);
  out.add(">");
}

void add_range(const Range& range, TextBuilder& out) {
  out.add(range.step == 1 ? fmt::format("range({}, {})", range.start, range.stop)
                          : fmt::format("range({}, {}, {})", range.start, range.stop, range.step));
}

void add_view(Heap& heap, const Value& value, TextBuilder& out) {
  constexpr std::string_view kNames[] = {"dict_keys([", "dict_values([", "dict_items(["};
  out.add(kNames[static_cast<size_t>(value.view->part)]);
  add_items(heap, items_in(heap, value), out);
  out.add("])");
}

}  // namespace

bool is_printable(char32_t value) {
  if (value < 0x7f) return value >= 0x20;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(value))) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_ZS:
      return false;
    default:
      return true;
  }
}

void add_repr(Heap& heap, const Value& value, TextBuilder& out) {
  const Heap::Level level(heap);
  heap.step();
  switch (value.kind) {
    case Kind::kUndefined:
      return out.add("Undefined");
    case Kind::kNone:
      return out.add("None");
    case Kind::kBoolean:
      return out.add(value.boolean ? "True" : "False");
    case Kind::kInteger:
      return out.add(std::to_string(value.integer));
    case Kind::kFloat:
      return out.add(repr_of(value.real));
    case Kind::kText:
      return add_quoted(*value.text, out);
    case Kind::kList:
      out.add("[");
      add_items(heap, value.items->values, out);
      return out.add("]");
    case Kind::kTuple:
      out.add("(");
      add_items(heap, value.items->values, out);
      return out.add(value.items->values.size() == 1 ? ",)" : ")");
    case Kind::kMapping:
      return add_mapping(heap, *value.mapping, out);
    case Kind::kRange:
      return add_range(*value.range, out);
    case Kind::kView:
      return add_view(heap, value, out);
    case Kind::kNamespace:
      return add_namespace(heap, *value.names, out);
    case Kind::kMacro:
      out.add("<Macro ");
      if (value.macro->name.empty())
        out.add("anonymous");
      else
        add_quoted(Text{value.macro->name}, out);
      return out.add(">");
    case Kind::kLoop:
    case Kind::kIterator:
    case Kind::kMethod:
    case Kind::kFunction:
      break;
  }
  fail_unsupported(fmt::format("a '{}' as text", type_name(value)));
}

void add_text(Heap& heap, const Value& value, TextBuilder& out) {
  if (value.is(Kind::kText))
    out.add(*value.text);
  else if (!value.is(Kind::kUndefined))
    add_repr(heap, value, out);
}

Value as_text(Heap& heap, const Value& value) {
  if (value.is(Kind::kText)) return value;
  TextBuilder out(heap);
  add_text(heap, value, out);
  return out.finish();
}

}  // namespace nety::jinja
