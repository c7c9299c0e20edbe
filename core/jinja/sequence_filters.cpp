// Filters over sequences. Those that are generators in Python make their items at once here; where
// that fails, the failure stands behind the items made so far.
#include <fmt/core.h>

#include "core/jinja/attribute_path.h"
#include "core/jinja/display.h"
#include "core/jinja/filters.h"
#include "core/jinja/generator.h"
#include "core/jinja/parameters.h"
#include "core/jinja/tests.h"
#include "core/tokenizer/unicode.h"

namespace nety::jinja::filters {
namespace {

/// The arguments behind the first `count`.
Arguments behind(const Arguments& arguments, size_t count) {
  Arguments rest;
  rest.values.assign(arguments.values.begin() + static_cast<ptrdiff_t>(count),
                     arguments.values.end());
  rest.named = arguments.named;
  return rest;
}

Value chosen(Evaluator& evaluator, const Value& value, const Arguments& arguments, bool wanted,
             bool by_attribute) {
  return generated(evaluator, [&](ValueList& out) {
    if (!truth(value)) return;
    const size_t named = by_attribute ? 1 : 0;
    if (arguments.values.size() < named) fail("Missing parameter for attribute name");
    const AttributePath path(evaluator, by_attribute ? arguments.values.data() : nullptr);
    const TestRow* test = nullptr;
    Arguments rest;
    if (arguments.values.size() > named) {
      const Value& name = arguments.values[named];
      if (name.is(Kind::kText)) test = find_test(name.text->bytes);
      if (test == nullptr) fail_unsupported("a test of that name in select or reject");
      rest = behind(arguments, named + 1);
    }
    for (const Value& item : items_in(evaluator.heap(), value)) {
      evaluator.heap().step();
      const Value tested = path.in(item);
      const bool holds = test == nullptr ? truth(tested) : test->holds(evaluator, tested, rest);
      if (holds == wanted) out.add(item);
    }
  });
}

}  // namespace

Value select(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  return chosen(evaluator, value, arguments, true, false);
}
Value reject(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  return chosen(evaluator, value, arguments, false, false);
}
Value select_attribute(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  return chosen(evaluator, value, arguments, true, true);
}
Value reject_attribute(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  return chosen(evaluator, value, arguments, false, true);
}

Value map(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  return generated(evaluator, [&](ValueList& out) {
    if (!truth(value)) return;
    Heap& heap = evaluator.heap();
    if (arguments.values.empty()) {
      const Parameters given("the filter map", arguments, {"attribute", "default"});
      const AttributePath path(evaluator, &given.get("attribute"));
      const Value* otherwise = given.find("default");
      if (otherwise != nullptr && otherwise->is(Kind::kNone)) otherwise = nullptr;
      for (const Value& item : items_in(heap, value)) out.add(path.in(item, otherwise));
      return;
    }
    const Value& name = arguments.values[0];
    const FilterRow* filter = name.is(Kind::kText) ? find_filter(name.text->bytes) : nullptr;
    if (filter == nullptr) fail_unsupported("a filter of that name in map");
    const Arguments rest = behind(arguments, 1);
    for (const Value& item : items_in(heap, value)) {
      const Heap::Level level(heap);
      out.add(filter->run(evaluator, item, rest));
    }
  });
}

Value list(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter list", arguments, {});
  return list_of(evaluator.heap(), items_in(evaluator.heap(), value));
}

Value items(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter items", arguments, {});
  Heap& heap = evaluator.heap();
  return generated(evaluator, [&](ValueList& out) {
    if (value.is(Kind::kUndefined)) return;
    if (!value.is(Kind::kMapping)) fail("Can only get item pairs from a mapping.");
    for (const Pair& pair : value.mapping->pairs)
      out.add(tuple_of(heap, std::vector<Value>{pair.key, pair.value}));
  });
}

Value first(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter first", arguments, {});
  Heap& heap = evaluator.heap();
  if (value.is(Kind::kIterator)) {
    Iterator& iterator = *value.iterator;
    if (iterator.next < iterator.values.size()) return iterator.values[iterator.next++];
    if (iterator.failure != nullptr) fail(iterator.failure);
    return undefined(heap, "No first item, sequence was empty.");
  }
  const std::span<const Value> all = items_in(heap, value);
  return all.empty() ? undefined(heap, "No first item, sequence was empty.") : all.front();
}

Value last(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter last", arguments, {});
  Heap& heap = evaluator.heap();
  if (value.is(Kind::kIterator)) fail("'generator' object is not reversible");
  const std::span<const Value> all = items_in(heap, value);
  return all.empty() ? undefined(heap, "No last item, sequence was empty.") : all.back();
}

Value join(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter join", arguments, {"d", "attribute"});
  Heap& heap = evaluator.heap();
  const Value* separator = given.find("d");
  const Value between = separator == nullptr ? evaluator.text("") : as_text(heap, *separator);
  const AttributePath path(evaluator, given.find("attribute"));
  TextBuilder out(heap);
  bool is_first = true;
  for (const Value& item : items_in(heap, value)) {
    heap.step();
    if (!is_first) out.add(*between.text);
    is_first = false;
    add_text(heap, path.in(item), out);
  }
  return out.finish();
}

Value reverse(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter reverse", arguments, {});
  Heap& heap = evaluator.heap();
  const std::span<const Value> all = items_in(heap, value);
  if (value.is(Kind::kText)) {
    TextBuilder out(heap);
    for (size_t i = all.size(); i-- > 0;) out.add(*all[i].text);
    return out.finish(value.text->safe);
  }
  ValueList back(heap);
  for (size_t i = all.size(); i-- > 0;) back.add(all[i]);
  return value.is(Kind::kIterator) ? back.list() : iterator_of(heap, back.values());
}

Value batch(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter batch", arguments, {"linecount", "fill_with"});
  Heap& heap = evaluator.heap();
  given.get("linecount");
  const int64_t count = given.whole("linecount", 1);
  const Value* fill = given.find("fill_with");
  return generated(evaluator, [&](ValueList& out) {
    ValueList line(heap);
    for (const Value& item : items_in(heap, value)) {
      if (static_cast<int64_t>(line.values().size()) == count) {
        out.add(line.list());
        line = ValueList(heap);
      }
      line.add(item);
    }
    if (line.values().empty()) return;
    const bool fills = fill != nullptr && !fill->is(Kind::kNone);
    while (fills && static_cast<int64_t>(line.values().size()) < count) line.add(*fill);
    out.add(line.list());
  });
}

Value slices(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter slice", arguments, {"slices", "fill_with"});
  Heap& heap = evaluator.heap();
  given.get("slices");
  const int64_t count = given.whole("slices", 1);
  const Value* fill = given.find("fill_with");
  return generated(evaluator, [&](ValueList& out) {
    const std::span<const Value> all = items_in(heap, value);
    if (count == 0) fail("integer division or modulo by zero");
    if (count < 0) return;
    const auto size = static_cast<int64_t>(all.size());
    const int64_t each = size / count, longer = size % count;
    size_t begin = 0;
    for (int64_t i = 0; i < count; ++i) {
      const auto length = static_cast<size_t>(each + (i < longer ? 1 : 0));
      ValueList part(heap);
      for (const Value& item : all.subspan(begin, length)) part.add(item);
      begin += length;
      if (fill != nullptr && !fill->is(Kind::kNone) && i >= longer) part.add(*fill);
      out.add(part.list());
    }
  });
}

Value sum(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter sum", arguments, {"attribute", "start"});
  Heap& heap = evaluator.heap();
  const AttributePath path(evaluator, given.find("attribute"));
  const Value* start = given.find("start");
  Value total = start == nullptr ? of(int64_t{0}) : *start;
  if (total.is(Kind::kText)) fail("sum() can't sum strings [use ''.join(seq) instead]");
  for (const Value& item : items_in(heap, value)) {
    heap.step();
    total = binary(heap, "+", total, path.in(item));
  }
  return total;
}

}  // namespace nety::jinja::filters
