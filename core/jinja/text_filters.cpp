// Filters that make a text of a text.
#include <fmt/core.h>

#include "core/jinja/case_mapping.h"
#include "core/jinja/display.h"
#include "core/jinja/evaluator.h"
#include "core/jinja/failure.h"
#include "core/jinja/filters.h"
#include "core/jinja/parameters.h"
#include "core/jinja/percent_format.h"
#include "core/jinja/splitting.h"
#include "core/tokenizer/unicode.h"

namespace nety::jinja::filters {
namespace {

Value changed(Evaluator& evaluator, const Value& value, std::string (*change)(std::string_view)) {
  Heap& heap = evaluator.heap();
  const Value text = as_text(heap, value);
  heap.step(text.text->bytes.size() / 4);
  heap.take(text.text->bytes.size() * 3);
  return whole_of(heap, change(text.text->bytes), *text.text);
}

/// "ab-c d" as "Ab-C D": what Jinja takes for the beginning of a word is not what str.title() does.
std::string words_capitalized(std::string_view text) {
  std::string out;
  size_t begin = 0;
  const auto separates = [&](size_t at) {
    const char32_t value = tokenizer::code_point_at(text, at).value;
    return value == U'-' || value == U'(' || value == U'{' || value == U'[' || value == U'<' ||
           is_blank(value);
  };
  const auto add_word = [&](size_t end) {
    if (end == begin) return;
    const size_t first = code_point_bytes(text, begin);
    out += upper_case(text.substr(begin, first));
    out += lower_case(text.substr(begin + first, end - begin - first));
  };
  for (size_t at = 0; at < text.size();) {
    const size_t bytes = code_point_bytes(text, at);
    if (separates(at)) {
      add_word(at);
      out += text.substr(at, bytes);
      begin = at + bytes;
    }
    at += bytes;
  }
  add_word(text.size());
  return out;
}

}  // namespace

Value capitalize(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter capitalize", arguments, {});
  return changed(evaluator, value, capitalized);
}
Value lower(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter lower", arguments, {});
  return changed(evaluator, value, lower_case);
}
Value upper(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter upper", arguments, {});
  return changed(evaluator, value, upper_case);
}
Value title(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter title", arguments, {});
  return changed(evaluator, value, words_capitalized);
}

Value center(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter center", arguments, {"width"});
  const Value text = as_text(evaluator.heap(), value);
  const int64_t width = given.whole("width", 80);
  const int64_t more = width - static_cast<int64_t>(text.text->length);
  if (more <= 0) return text;
  const int64_t left = more / 2 + (more & width & 1);
  return padded(evaluator.heap(), *text.text, left, more - left, " ");
}

Value escape(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter escape", arguments, {});
  const Value text = as_text(evaluator.heap(), value);
  return escaped(evaluator.heap(), *text.text);
}

Value force_escape(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter forceescape", arguments, {});
  Text text = *as_text(evaluator.heap(), value).text;
  text.safe = false;
  return escaped(evaluator.heap(), text);
}

Value safe(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter safe", arguments, {});
  Text* text = evaluator.heap().make<Text>(*as_text(evaluator.heap(), value).text);
  text->safe = true;
  return of(text);
}

Value string(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter string", arguments, {});
  return as_text(evaluator.heap(), value);
}

Value format(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  Heap& heap = evaluator.heap();
  const Value text = as_text(heap, value);
  if (!arguments.values.empty() && !arguments.named.empty())
    fail("can't handle positional and keyword arguments at the same time");
  if (arguments.named.empty())
    return percent_format(heap, *text.text, tuple_of(heap, arguments.values));
  MappingBuilder mapping(heap);
  for (const Arguments::Named& one : arguments.named)
    mapping.set(text_of(heap, one.name), one.value);
  return percent_format(heap, *text.text, mapping.finish());
}

Value indent(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter indent", arguments, {"width", "first", "blank"});
  Heap& heap = evaluator.heap();
  expect_defined(value);
  if (!value.is(Kind::kText))
    fail(fmt::format("indent needs a string, not '{}'", type_name(value)));
  const Value* width = given.find("width");
  const Text* with = width != nullptr && width->is(Kind::kText) ? width->text : nullptr;
  if (with == nullptr)
    with = padded(heap, Text{}, std::max<int64_t>(given.whole("width", 4), 0), 0, " ").text;
  const bool blank = given.truth("blank", false);
  // One line end more does not make another line, and the last one is kept.
  TextBuilder ended(heap);
  ended.add(*value.text);
  ended.add("\n");
  const Value text = ended.finish(value.text->safe);
  TextBuilder out(heap);
  bool first = true;
  for (const Span& line : lines_of(heap, *text.text, false)) {
    heap.step();
    if (!first) out.add("\n");
    if (first ? given.truth("first", false) : blank || line.end > line.begin) out.add(*with);
    first = false;
    out.add(*part_of(heap, *text.text, line.begin, line.end).text);
  }
  return out.finish(value.text->safe);
}

Value replace(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter replace", arguments, {"old", "new", "count"});
  Heap& heap = evaluator.heap();
  const Value text = as_text(heap, value);
  const Value before = as_text(heap, given.get("old"));
  const Value after = as_text(heap, given.get("new"));
  const Value* count = given.find("count");
  const int64_t most = count == nullptr || count->is(Kind::kNone) ? -1 : given.whole("count", -1);
  Text plain = *text.text;
  plain.safe = false;
  return replaced(heap, plain, *before.text, *after.text, most);
}

Value to_json(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter tojson", arguments,
                         {"ensure_ascii", "indent", "separators", "sort_keys"});
  Heap& heap = evaluator.heap();
  JsonStyle style{.ascii = given.truth("ensure_ascii", false),
                  .sort_keys = given.truth("sort_keys", false)};
  const Value* width = given.find("indent");
  if (width != nullptr && !width->is(Kind::kNone)) {
    style.indent =
        width->is(Kind::kText)
            ? width->text
            : padded(heap, Text{}, std::max<int64_t>(given.whole("indent", 0), 0), 0, " ").text;
    style.item = ",";
  }
  const Value* separators = given.find("separators");
  if (separators != nullptr && !separators->is(Kind::kNone)) {
    const std::span<const Value> both = items_in(heap, *separators);
    if (both.size() != 2 || !both[0].is(Kind::kText) || !both[1].is(Kind::kText))
      fail("tojson needs two strings for \"separators\"");
    style.item = both[0].text->bytes;
    style.colon = both[1].text->bytes;
  }
  TextBuilder out(heap);
  add_json(heap, value, style, out);
  return out.finish();
}

Value trim(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter trim", arguments, {"chars"});
  Heap& heap = evaluator.heap();
  const Value text = as_text(heap, value);
  const Span kept = stripped(heap, text.text->bytes, given.text("chars"), true, true);
  return part_of(heap, *text.text, kept.begin, kept.end);
}

Value truncate(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter truncate", arguments,
                         {"length", "killwords", "end", "leeway"});
  Heap& heap = evaluator.heap();
  const Text* given_end = given.text("end");
  const Text end = given_end == nullptr ? Text{"...", 3} : *given_end;
  const int64_t length = given.whole("length", 255);
  const Value* given_leeway = given.find("leeway");
  const int64_t leeway =
      given_leeway == nullptr || given_leeway->is(Kind::kNone) ? 5 : given.whole("leeway", 5);
  if (length < static_cast<int64_t>(end.length) || leeway < 0)
    fail("truncate to less than nothing");
  const std::optional<size_t> has = length_of(value);
  if (!has) fail(fmt::format("object of type '{}' has no len()", type_name(value)));
  // In another form so that no sum overflows.
  if (static_cast<int64_t>(*has) - leeway <= length) return value;
  if (!value.is(Kind::kText)) fail("truncate needs a string");
  const size_t cut = offset_of(heap, *value.text, static_cast<size_t>(length) - end.length);
  const Value kept = part_of(heap, *value.text, 0, cut, false);
  const Text space{" ", 1};
  TextBuilder out(heap);
  if (given.truth("killwords", false))
    out.add(*kept.text);
  else
    out.add(*part_of(heap, *kept.text, 0, split_right(heap, *kept.text, &space, 1)[0].end).text);
  out.add(end);
  return out.finish();
}

Value urlencode(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter urlencode", arguments, {});
  Heap& heap = evaluator.heap();
  TextBuilder out(heap);
  const auto add = [&](const Value& one, bool in_query) {
    const Value text = as_text(heap, one);
    for (const char c : text.text->bytes) {
      const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                         (c >= 'A' && c <= 'Z') || c == '_' || c == '.' || c == '-' || c == '~' ||
                         (c == '/' && !in_query);
      if (plain)
        out.add(std::string_view(&c, 1));
      else if (c == ' ' && in_query)
        out.add("+");
      else
        out.add(fmt::format("%{:02X}", static_cast<unsigned char>(c)));
    }
  };
  if (value.is(Kind::kText) || !is_iterable(value)) {
    add(value, false);
    return out.finish();
  }
  bool first = true;
  const auto add_pair = [&](const Value& key, const Value& item) {
    if (!first) out.add("&");
    first = false;
    add(key, true);
    out.add("=");
    add(item, true);
  };
  if (value.is(Kind::kMapping)) {
    for (const Pair& pair : value.mapping->pairs) add_pair(pair.key, pair.value);
    return out.finish();
  }
  for (const Value& one : items_in(heap, value)) {
    const std::span<const Value> pair = items_in(heap, one);
    if (pair.size() != 2) fail("urlencode needs pairs");
    add_pair(pair[0], pair[1]);
  }
  return out.finish();
}

Value wordcount(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter wordcount", arguments, {});
  const Value text = as_text(evaluator.heap(), value);
  const std::string_view bytes = text.text->bytes;
  evaluator.heap().step(bytes.size() / 4);
  int64_t words = 0;
  bool inside = false;
  for (size_t at = 0; at < bytes.size();) {
    const tokenizer::CodePoint point = tokenizer::code_point_at(bytes, at);
    const bool word = tokenizer::is_word(point.value);
    words += word && !inside ? 1 : 0;
    inside = word;
    at += point.bytes;
  }
  return of(words);
}

}  // namespace nety::jinja::filters
