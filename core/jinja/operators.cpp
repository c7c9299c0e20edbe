#include "core/jinja/operators.h"

#include <fmt/core.h>

#include <cmath>

#include "core/jinja/failure.h"
#include "core/jinja/numbers.h"
#include "core/jinja/percent_format.h"
#include "core/jinja/text.h"

namespace nety::jinja {
namespace {

[[noreturn]] void refuse(std::string_view word, const Value& a, const Value& b) {
  fail(fmt::format("'{}' does not go with '{}' and '{}'", word, type_name(a), type_name(b)));
}

bool equal_items(Heap& heap, std::span<const Value> a, std::span<const Value> b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (!equal(heap, a[i], b[i])) return false;
  return true;
}

bool equal_mappings(Heap& heap, const Mapping& a, const Mapping& b) {
  if (a.pairs.size() != b.pairs.size()) return false;
  for (const Pair& pair : a.pairs) {
    const Value* other = find(heap, b, pair.key);
    if (other == nullptr || !equal(heap, pair.value, *other)) return false;
  }
  return true;
}

bool equal_ranges(const Range& a, const Range& b) {
  if (a.length != b.length) return false;
  return a.length == 0 || (a.start == b.start && (a.length == 1 || a.step == b.step));
}

bool less_items(Heap& heap, std::span<const Value> a, std::span<const Value> b) {
  for (size_t i = 0; i < a.size() && i < b.size(); ++i)
    if (!equal(heap, a[i], b[i])) return less(heap, a[i], b[i]);
  return a.size() < b.size();
}

Value joined(Heap& heap, const Value& a, const Value& b) {
  if (a.text->safe || b.text->safe) {
    TextBuilder made(heap);
    made.add(*escaped(heap, *a.text).text);
    made.add(*escaped(heap, *b.text).text);
    return made.finish(true);
  }
  TextBuilder made(heap);
  made.add(*a.text);
  made.add(*b.text);
  return made.finish();
}

Value add(Heap& heap, const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return arithmetic("+", a, b);
  if (a.is(Kind::kText) && b.is(Kind::kText)) return joined(heap, a, b);
  if (!a.is_sequence() || a.kind != b.kind) refuse("+", a, b);
  ValueList both(heap);
  for (const Value& value : a.items->values) both.add(value);
  for (const Value& value : b.items->values) both.add(value);
  return items_of(heap, a.kind, both.values());
}

Value repeated(Heap& heap, const Value& what, const Value& times) {
  const int64_t count = std::max<int64_t>(times.whole(), 0);
  if (what.is(Kind::kText)) {
    const size_t size = what.text->bytes.size();
    // Refused before it is made.
    if (size > 0 && static_cast<uint64_t>(count) > (uint64_t{1} << 40) / size)
      heap.take(size_t{1} << 40);
    heap.take(size * static_cast<size_t>(count));
    heap.step(size == 0 ? 0 : static_cast<size_t>(count));
    TextBuilder made(heap);
    for (int64_t i = 0; size > 0 && i < count; ++i) made.add(*what.text);
    return made.finish(what.text->safe);
  }
  ValueList values(heap);
  const std::span<const Value> once = what.items->values;
  for (int64_t i = 0; !once.empty() && i < count; ++i)
    for (const Value& value : once) values.add(value);
  return items_of(heap, what.kind, values.values());
}

Value multiply(Heap& heap, const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return arithmetic("*", a, b);
  const auto repeats = [](const Value& value) {
    return value.is(Kind::kText) || value.is_sequence();
  };
  if (repeats(a) && b.is_whole()) return repeated(heap, a, b);
  if (a.is_whole() && repeats(b)) return repeated(heap, b, a);
  refuse("*", a, b);
}

}  // namespace

void expect_defined(const Value& value) {
  if (value.is(Kind::kUndefined))
    fail(value.hint == nullptr ? "a value is undefined" : std::string(value.hint));
}

bool truth(const Value& value) {
  switch (value.kind) {
    case Kind::kUndefined:
    case Kind::kNone:
      return false;
    case Kind::kBoolean:
      return value.boolean;
    case Kind::kInteger:
      return value.integer != 0;
    case Kind::kFloat:
      return value.real != 0;
    default:
      return length_of(value).value_or(1) != 0;
  }
}

bool equal(Heap& heap, const Value& a, const Value& b) {
  const Heap::Level level(heap);
  heap.step();
  if (a.is_number() && b.is_number()) return order_of(a, b) == 0;
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Kind::kUndefined:
    case Kind::kNone:
      return true;
    case Kind::kText:
      if (a.text->bytes.size() == b.text->bytes.size()) heap.step(a.text->bytes.size() / 64);
      return a.text->bytes == b.text->bytes;
    case Kind::kList:
    case Kind::kTuple:
      return equal_items(heap, a.items->values, b.items->values);
    case Kind::kMapping:
      return equal_mappings(heap, *a.mapping, *b.mapping);
    case Kind::kRange:
      return equal_ranges(*a.range, *b.range);
    case Kind::kView:
      fail_unsupported("comparing views of a dict");
    default:
      return a.iterator == b.iterator;  // the same thing
  }
}

bool less(Heap& heap, const Value& a, const Value& b) {
  const Heap::Level level(heap);
  heap.step();
  expect_defined(a);
  expect_defined(b);
  if (a.is_number() && b.is_number()) return order_of(a, b) < 0;
  if (a.is(Kind::kText) && b.is(Kind::kText)) {
    heap.step(std::min(a.text->bytes.size(), b.text->bytes.size()) / 64);
    return a.text->bytes < b.text->bytes;  // UTF-8 keeps the order of code points
  }
  if (!a.is_sequence() || a.kind != b.kind) refuse("<", a, b);
  return less_items(heap, a.items->values, b.items->values);
}

bool compare(Heap& heap, std::string_view word, const Value& a, const Value& b) {
  if (word == "==") return equal(heap, a, b);
  if (word == "!=") return !equal(heap, a, b);
  if (word == "in") return contains(heap, b, a);
  if (word == "not in") return !contains(heap, b, a);
  if (a.is_number() && b.is_number() && order_of(a, b) == kUnordered) return false;
  if (word == "<") return less(heap, a, b);
  if (word == ">") return less(heap, b, a);
  if (word == "<=") return less(heap, a, b) || equal(heap, a, b);
  return less(heap, b, a) || equal(heap, a, b);
}

bool contains(Heap& heap, const Value& container, const Value& item) {
  switch (container.kind) {
    case Kind::kText:
      if (!item.is(Kind::kText))
        fail(fmt::format("'in <string>' requires string as left operand, not {}", type_name(item)));
      return find_bytes(heap, container.text->bytes, item.text->bytes, 0) != std::string_view::npos;
    case Kind::kMapping:
      return find(heap, *container.mapping, item) != nullptr;
    case Kind::kIterator: {
      Iterator& iterator = *container.iterator;
      while (iterator.next < iterator.values.size())
        if (equal(heap, iterator.values[iterator.next++], item)) return true;
      if (iterator.failure != nullptr) fail(iterator.failure);
      return false;
    }
    default:
      if (!is_iterable(container))
        fail(fmt::format("argument of type '{}' is not iterable", type_name(container)));
      for (const Value& value : items_in(heap, container))
        if (equal(heap, value, item)) return true;
      return false;
  }
}

Value binary(Heap& heap, std::string_view word, const Value& a, const Value& b) {
  // Formatting takes an undefined value for what it prints as.
  if (word == "%" && a.is(Kind::kText)) return percent_format(heap, *a.text, b);
  expect_defined(a);
  expect_defined(b);
  if (word == "+") return add(heap, a, b);
  if (word == "*") return multiply(heap, a, b);
  if (!a.is_number() || !b.is_number()) refuse(word, a, b);
  return arithmetic(word, a, b);
}

Value negative(const Value& value) {
  expect_defined(value);
  if (value.is(Kind::kFloat)) return of(-value.real);
  if (!value.is_whole()) fail(fmt::format("'-' does not go with '{}'", type_name(value)));
  return arithmetic("-", of(int64_t{0}), of(value.whole()));
}

Value positive(const Value& value) {
  expect_defined(value);
  if (value.is(Kind::kFloat)) return value;
  if (!value.is_whole()) fail(fmt::format("'+' does not go with '{}'", type_name(value)));
  return of(value.whole());
}

}  // namespace nety::jinja
