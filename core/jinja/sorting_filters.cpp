// Filters that compare items.
#include <fmt/core.h>

#include <algorithm>

#include "core/jinja/attribute_path.h"
#include "core/jinja/filters.h"
#include "core/jinja/generator.h"
#include "core/jinja/parameters.h"
#include "core/jinja/splitting.h"

namespace nety::jinja::filters {
namespace {

struct Keyed {
  Value key, value;
};

/// By key, equal ones in the order they came; from the largest if `backwards`.
void sort_by_key(Heap& heap, std::vector<Keyed>& all, bool backwards) {
  std::ranges::stable_sort(all, [&](const Keyed& a, const Keyed& b) {
    return backwards ? less(heap, b.key, a.key) : less(heap, a.key, b.key);
  });
}

template <class KeyOf>
std::vector<Keyed> keyed(Heap& heap, std::span<const Value> values, KeyOf key_of) {
  std::vector<Keyed> all;
  for (const Value& value : values) {
    heap.take(sizeof(Keyed));
    all.push_back({key_of(value), value});
  }
  return all;
}

Value values_of(Heap& heap, const std::vector<Keyed>& all) {
  ValueList values(heap);
  for (const Keyed& one : all) values.add(one.value);
  return values.list();
}

Value extreme(Evaluator& evaluator, const Value& value, const Arguments& arguments, bool largest) {
  const Parameters given("the filters min and max", arguments, {"case_sensitive", "attribute"});
  Heap& heap = evaluator.heap();
  const AttributePath path(evaluator, given.find("attribute"),
                           !given.truth("case_sensitive", false));
  const std::span<const Value> all = items_in(heap, value);
  if (all.empty()) return undefined(heap, "No aggregated item, sequence was empty.");
  size_t best = 0;
  Value best_key = path.in(all[0]);
  for (size_t i = 1; i < all.size(); ++i) {
    const Value key = path.in(all[i]);
    if (largest ? !less(heap, best_key, key) : !less(heap, key, best_key)) continue;
    best = i;
    best_key = key;
  }
  return all[best];
}

}  // namespace

Value smallest(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  return extreme(evaluator, value, arguments, false);
}
Value largest(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  return extreme(evaluator, value, arguments, true);
}

Value sort(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter sort", arguments, {"reverse", "case_sensitive", "attribute"});
  Heap& heap = evaluator.heap();
  const bool ignores_case = !given.truth("case_sensitive", false);
  // Several attributes stand between commas.
  std::vector<AttributePath> paths;
  const Value* attribute = given.find("attribute");
  if (attribute != nullptr && attribute->is(Kind::kText)) {
    const Text comma{",", 1};
    for (const Span& part : split(heap, *attribute->text, &comma, -1)) {
      const Value name = part_of(heap, *attribute->text, part.begin, part.end);
      paths.emplace_back(evaluator, &name, ignores_case);
    }
  } else {
    paths.emplace_back(evaluator, attribute, ignores_case);
  }
  std::vector<Keyed> all = keyed(heap, items_in(heap, value), [&](const Value& item) {
    ValueList key(heap);
    for (const AttributePath& path : paths) key.add(path.in(item));
    return key.list();
  });
  sort_by_key(heap, all, given.truth("reverse", false));
  return values_of(heap, all);
}

Value sort_dict(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter dictsort", arguments, {"case_sensitive", "by", "reverse"});
  Heap& heap = evaluator.heap();
  expect_defined(value);
  if (!value.is(Kind::kMapping))
    fail(fmt::format("dictsort needs a mapping, not '{}'", type_name(value)));
  const Text* by = given.text("by");
  const std::string_view what = by == nullptr ? "key" : by->bytes;
  if (what != "key" && what != "value") fail("You can only sort by either \"key\" or \"value\"");
  const AttributePath itself(evaluator, nullptr, !given.truth("case_sensitive", false));
  ValueList pairs(heap);
  for (const Pair& pair : value.mapping->pairs)
    pairs.add(tuple_of(heap, std::vector<Value>{pair.key, pair.value}));
  std::vector<Keyed> all = keyed(heap, pairs.values(), [&](const Value& pair) {
    return itself.in(pair.items->values[what == "key" ? 0 : 1]);
  });
  sort_by_key(heap, all, given.truth("reverse", false));
  return values_of(heap, all);
}

Value unique(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter unique", arguments, {"case_sensitive", "attribute"});
  Heap& heap = evaluator.heap();
  const AttributePath path(evaluator, given.find("attribute"),
                           !given.truth("case_sensitive", false));
  return generated(evaluator, [&](ValueList& out) {
    MappingBuilder seen(heap);
    size_t known = 0;
    for (const Value& item : items_in(heap, value)) {
      seen.set(path.in(item), none());
      if (seen.size() == known) continue;
      known = seen.size();
      out.add(item);
    }
  });
}

Value group_by(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter groupby", arguments,
                         {"attribute", "default", "case_sensitive"});
  Heap& heap = evaluator.heap();
  const bool sensitive = given.truth("case_sensitive", false);
  const AttributePath path(evaluator, &given.get("attribute"), !sensitive);
  const AttributePath shown(evaluator, &given.get("attribute"));
  const Value* otherwise = given.find("default");
  if (otherwise != nullptr && otherwise->is(Kind::kNone)) otherwise = nullptr;
  std::vector<Keyed> all = keyed(heap, items_in(heap, value),
                                 [&](const Value& item) { return path.in(item, otherwise); });
  sort_by_key(heap, all, false);
  ValueList groups(heap);
  for (size_t begin = 0; begin < all.size();) {
    ValueList members(heap);
    size_t end = begin;
    for (; end < all.size() && equal(heap, all[end].key, all[begin].key); ++end)
      members.add(all[end].value);
    const Value key = shown.in(all[begin].value, otherwise);
    groups.add(tuple_of(heap, std::vector<Value>{key, members.list()}));
    begin = end;
  }
  return groups.list();
}

}  // namespace nety::jinja::filters
