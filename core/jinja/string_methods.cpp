// Methods of str that search, split, join and fill.
#include <fmt/core.h>

#include "core/jinja/evaluator.h"
#include "core/jinja/failure.h"
#include "core/jinja/methods.h"
#include "core/jinja/parameters.h"
#include "core/jinja/slices.h"
#include "core/jinja/splitting.h"
#include "core/jinja/string_format.h"

namespace nety::jinja {
namespace {

constexpr size_t kNowhere = std::string_view::npos;

Value strip(Evaluator& evaluator, const Value& self, const Arguments& arguments, bool left,
            bool right) {
  const Parameters given("strip()", arguments, {"chars"});
  const Span kept = stripped(evaluator.heap(), self.text->bytes, given.text("chars"), left, right);
  return part_of(evaluator.heap(), *self.text, kept.begin, kept.end);
}
Value strip_both(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  return strip(evaluator, self, arguments, true, true);
}
Value strip_left(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  return strip(evaluator, self, arguments, true, false);
}
Value strip_right(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  return strip(evaluator, self, arguments, false, true);
}

Value split(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  const Parameters given("split()", arguments, {"sep", "maxsplit"});
  return parts_of(
      evaluator.heap(), *self.text,
      split(evaluator.heap(), *self.text, given.text("sep"), given.whole("maxsplit", -1)));
}
Value split_right(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  const Parameters given("rsplit()", arguments, {"sep", "maxsplit"});
  return parts_of(
      evaluator.heap(), *self.text,
      split_right(evaluator.heap(), *self.text, given.text("sep"), given.whole("maxsplit", -1)));
}
Value split_lines(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  const Parameters given("splitlines()", arguments, {"keepends"});
  return parts_of(evaluator.heap(), *self.text,
                  lines_of(evaluator.heap(), *self.text, given.truth("keepends", false)));
}

Value partition(Evaluator& evaluator, const Value& self, const Arguments& arguments, bool last) {
  const Parameters given("partition()", arguments, {"sep"});
  Heap& heap = evaluator.heap();
  given.get("sep");
  const Text* separator = given.text("sep");
  if (separator == nullptr) fail("partition() needs a string");
  if (separator->bytes.empty()) fail("empty separator");
  const std::string_view bytes = self.text->bytes;
  const size_t at = last ? find_last(heap, bytes, separator->bytes)
                         : find_bytes(heap, bytes, separator->bytes, 0);
  const Value empty = evaluator.text("");
  const Value whole = self;
  if (at == kNowhere)
    return tuple_of(heap, last ? std::vector<Value>{empty, empty, whole}
                               : std::vector<Value>{whole, empty, empty});
  const size_t behind = at + separator->bytes.size();
  return tuple_of(heap, std::vector<Value>{part_of(heap, *self.text, 0, at),
                                           part_of(heap, *self.text, at, behind),
                                           part_of(heap, *self.text, behind, bytes.size())});
}
Value partition_left(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  return partition(evaluator, self, arguments, false);
}
Value partition_right(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  return partition(evaluator, self, arguments, true);
}

Value replace(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  const Parameters given("replace()", arguments, {"old", "new", "count"});
  given.get("old");
  given.get("new");
  const Text *before = given.text("old"), *after = given.text("new");
  if (before == nullptr || after == nullptr) fail("replace() needs two strings");
  return replaced(evaluator.heap(), *self.text, *before, *after, given.whole("count", -1));
}

Value join(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  const Parameters given("join()", arguments, {"iterable"});
  Heap& heap = evaluator.heap();
  TextBuilder out(heap);
  bool first = true;
  for (const Value& value : items_in(heap, given.get("iterable"))) {
    heap.step();
    if (!value.is(Kind::kText))
      fail(fmt::format("join() needs strings, not '{}'", type_name(value)));
    if (!first) out.add(*self.text);
    first = false;
    out.add(*value.text);
  }
  return out.finish();
}

/// The part of a text that "start" and "end" of a method name, in bytes; false if it is none.
bool searched(Heap& heap, const Text& text, const Parameters& given, Span& range) {
  const auto bound = [&](std::string_view name) {
    const Value* value = given.find(name);
    return value == nullptr ? none() : *value;
  };
  const Indices indices = indices_of(bound("start"), bound("end"), none(), text.length);
  if (indices.begin > indices.end) return false;
  range = {offset_of(heap, text, static_cast<size_t>(indices.begin)),
           offset_of(heap, text, static_cast<size_t>(indices.end))};
  return true;
}

/// Python's index of a place.
Value place(Heap& heap, const Text& text, size_t at) {
  if (at == kNowhere) return of(int64_t{-1});
  heap.step(text.ascii() ? 0 : at / 16);
  return of(text.ascii() ? at : code_points(text.bytes.substr(0, at)));
}

Value find(Evaluator& evaluator, const Value& self, const Arguments& arguments, bool last) {
  const Parameters given("find()", arguments, {"sub", "start", "end"});
  given.get("sub");
  const Text* part = given.text("sub");
  if (part == nullptr) fail("find() needs a string");
  Heap& heap = evaluator.heap();
  Span range;
  if (!searched(heap, *self.text, given, range)) return of(int64_t{-1});
  const std::string_view within = self.text->bytes.substr(0, range.end);
  size_t at = kNowhere;
  if (!last)
    at = find_bytes(heap, within, part->bytes, range.begin);
  else if (at = find_last(heap, within.substr(range.begin), part->bytes); at != kNowhere)
    at += range.begin;
  return place(heap, *self.text, at);
}
Value find_first(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  return find(evaluator, self, arguments, false);
}
Value find_right(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  return find(evaluator, self, arguments, true);
}
Value index(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  const Value at = find(evaluator, self, arguments, false);
  if (at.integer < 0) fail("substring not found");
  return at;
}
Value index_right(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  const Value at = find(evaluator, self, arguments, true);
  if (at.integer < 0) fail("substring not found");
  return at;
}

Value count(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  const Parameters given("count()", arguments, {"sub", "start", "end"});
  given.get("sub");
  const Text* part = given.text("sub");
  if (part == nullptr) fail("count() needs a string");
  Heap& heap = evaluator.heap();
  Span range;
  if (!searched(heap, *self.text, given, range)) return of(int64_t{0});
  const std::string_view within = self.text->bytes.substr(range.begin, range.end - range.begin);
  if (part->bytes.empty()) return of(code_points(within) + 1);
  int64_t found = 0;
  for (size_t at = 0; (at = find_bytes(heap, within, part->bytes, at)) != kNowhere;
       at += part->bytes.size())
    ++found;
  return of(found);
}

Value touches(Evaluator& evaluator, const Value& self, const Arguments& arguments, bool begins) {
  const Parameters given(begins ? "startswith()" : "endswith()", arguments,
                         {"prefix", "start", "end"});
  Heap& heap = evaluator.heap();
  const Value& wanted = given.get("prefix");
  const Value one = wanted.is(Kind::kTuple) ? wanted : tuple_of(heap, std::span(&wanted, 1));
  Span range;
  const bool there = searched(heap, *self.text, given, range);
  const std::string_view within =
      there ? self.text->bytes.substr(range.begin, range.end - range.begin) : "";
  for (const Value& part : one.items->values) {
    if (!part.is(Kind::kText))
      fail(fmt::format("startswith() and endswith() need strings, not '{}'", type_name(part)));
    heap.step(1 + part.text->bytes.size() / 64);
    if (there &&
        (begins ? within.starts_with(part.text->bytes) : within.ends_with(part.text->bytes)))
      return of(true);
  }
  return of(false);
}
Value starts_with(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  return touches(evaluator, self, arguments, true);
}
Value ends_with(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  return touches(evaluator, self, arguments, false);
}

Value remove_prefix(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  const Parameters given("removeprefix()", arguments, {"prefix"});
  const Text* part = given.text("prefix");
  if (part == nullptr) fail("removeprefix() needs a string");
  const std::string_view bytes = self.text->bytes;
  if (!bytes.starts_with(part->bytes)) return self;
  return part_of(evaluator.heap(), *self.text, part->bytes.size(), bytes.size());
}
Value remove_suffix(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  const Parameters given("removesuffix()", arguments, {"suffix"});
  const Text* part = given.text("suffix");
  if (part == nullptr) fail("removesuffix() needs a string");
  const std::string_view bytes = self.text->bytes;
  if (!bytes.ends_with(part->bytes)) return self;
  return part_of(evaluator.heap(), *self.text, 0, bytes.size() - part->bytes.size());
}

enum class Side : uint8_t { kLeft, kRight, kBoth };
Value fill(Evaluator& evaluator, const Value& self, const Arguments& arguments, Side side) {
  const Parameters given("center(), ljust() or rjust()", arguments, {"width", "fillchar"});
  given.get("width");
  const Text* with = given.text("fillchar");
  if (with != nullptr && with->length != 1) fail("the fill character must be one character");
  const int64_t width = given.whole("width", 0);
  const auto length = static_cast<int64_t>(self.text->length);
  if (width <= length) return self;
  const int64_t more = width - length;
  // CPython puts the odd one on the left where the width is odd.
  const int64_t left = side == Side::kLeft    ? more
                       : side == Side::kRight ? 0
                                              : more / 2 + (more & width & 1);
  return padded(evaluator.heap(), *self.text, left, more - left,
                with == nullptr ? " " : with->bytes);
}
Value center(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  return fill(evaluator, self, arguments, Side::kBoth);
}
Value fill_right(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  return fill(evaluator, self, arguments, Side::kRight);
}
Value fill_left(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  return fill(evaluator, self, arguments, Side::kLeft);
}
Value fill_zeros(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  const Parameters given("zfill()", arguments, {"width"});
  given.get("width");
  const int64_t more = given.whole("width", 0) - static_cast<int64_t>(self.text->length);
  if (more <= 0) return self;
  Heap& heap = evaluator.heap();
  const std::string_view bytes = self.text->bytes;
  const size_t sign = bytes.starts_with('+') || bytes.starts_with('-') ? 1 : 0;
  const Value digits = part_of(heap, *self.text, sign, bytes.size());
  TextBuilder out(heap);
  out.add(bytes.substr(0, sign), !self.text->foreign.empty());
  out.add(*padded(heap, *digits.text, more, 0, "0").text);
  return out.finish();
}

constexpr MethodRow kMethods[] = {
    {"strip", strip_both},
    {"lstrip", strip_left},
    {"rstrip", strip_right},
    {"split", split},
    {"rsplit", split_right},
    {"splitlines", split_lines},
    {"partition", partition_left},
    {"rpartition", partition_right},
    {"replace", replace},
    {"join", join},
    {"find", find_first},
    {"rfind", find_right},
    {"index", index},
    {"rindex", index_right},
    {"count", count},
    {"startswith", starts_with},
    {"endswith", ends_with},
    {"removeprefix", remove_prefix},
    {"removesuffix", remove_suffix},
    {"center", center},
    {"ljust", fill_right},
    {"rjust", fill_left},
    {"zfill", fill_zeros},
    {"format", format_text},
    {"format_map", nullptr},
    {"encode", nullptr},
    {"expandtabs", nullptr},
    {"maketrans", nullptr},
    {"translate", nullptr},
    {"isidentifier", nullptr},
};

}  // namespace

std::span<const MethodRow> string_methods() { return kMethods; }

}  // namespace nety::jinja
