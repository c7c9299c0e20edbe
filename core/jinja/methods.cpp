#include "core/jinja/methods.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/jinja/evaluator.h"
#include "core/jinja/failure.h"
#include "core/jinja/parameters.h"
#include "core/jinja/slices.h"

namespace nety::jinja {
namespace {

Value view(Evaluator& evaluator, const Value& self, const Arguments& arguments, View::Part part) {
  const Parameters given("a view of a dict", arguments, {});
  Value value;
  value.kind = Kind::kView;
  value.view = evaluator.heap().make<View>(self.mapping, part);
  return value;
}
Value keys(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  return view(evaluator, self, arguments, View::Part::kKeys);
}
Value values(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  return view(evaluator, self, arguments, View::Part::kValues);
}
Value items(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  return view(evaluator, self, arguments, View::Part::kItems);
}

Value get(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  const Parameters given("get()", arguments, {"key", "default"});
  if (!arguments.named.empty()) fail("get() takes no keyword arguments");
  const Value* found = find(evaluator.heap(), *self.mapping, given.get("key"));
  if (found != nullptr) return *found;
  const Value* otherwise = given.find("default");
  return otherwise == nullptr ? none() : *otherwise;
}

/// Values never change, so a copy is the same.
Value copy(Evaluator&, const Value& self, const Arguments& arguments) {
  const Parameters given("copy()", arguments, {});
  return self;
}

Value count(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  const Parameters given("count()", arguments, {"value"});
  const Value& wanted = given.get("value");
  int64_t found = 0;
  for (const Value& value : items_in(evaluator.heap(), self))
    found += equal(evaluator.heap(), value, wanted) ? 1 : 0;
  return of(found);
}

Value index(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  const Parameters given("index()", arguments, {"value", "start", "stop"});
  const Value& wanted = given.get("value");
  const std::span<const Value> all = items_in(evaluator.heap(), self);
  const Indices range = indices_of(of(given.whole("start", 0)), of(given.whole("stop", INT64_MAX)),
                                   none(), all.size());
  for (int64_t i = range.begin; i < range.end; ++i)
    if (equal(evaluator.heap(), all[static_cast<size_t>(i)], wanted)) return of(i);
  fail("the value is not in the list");
}

Value cycle(Evaluator&, const Value& self, const Arguments& arguments) {
  if (arguments.values.empty()) fail("no items for cycling given");
  const auto count = static_cast<int64_t>(arguments.values.size());
  return arguments.values[static_cast<size_t>(self.loop->index0 % count)];
}

Value changed(Evaluator& evaluator, const Value& self, const Arguments& arguments) {
  Heap& heap = evaluator.heap();
  const Value now = tuple_of(heap, arguments.values);
  Value before = now;
  before.items = self.loop->last_changed;
  if (before.items != nullptr && equal(heap, before, now)) return of(false);
  self.loop->last_changed = now.items;
  return of(true);
}

constexpr MethodRow kOfMapping[] = {
    {"keys", keys}, {"values", values}, {"items", items},
    {"get", get},   {"copy", copy},     {"fromkeys", nullptr},
};
constexpr MethodRow kOfList[] = {{"count", count}, {"index", index}, {"copy", copy}};
constexpr MethodRow kOfTuple[] = {{"count", count}, {"index", index}};
constexpr MethodRow kOfView[] = {{"isdisjoint", nullptr}};
constexpr MethodRow kOfLoop[] = {{"cycle", cycle}, {"changed", changed}};
constexpr MethodRow kOfInteger[] = {
    {"bit_length", nullptr}, {"bit_count", nullptr},  {"conjugate", nullptr},
    {"to_bytes", nullptr},   {"from_bytes", nullptr}, {"as_integer_ratio", nullptr},
};
constexpr MethodRow kOfFloat[] = {{"is_integer", nullptr},
                                  {"conjugate", nullptr},
                                  {"as_integer_ratio", nullptr},
                                  {"hex", nullptr},
                                  {"fromhex", nullptr}};

/// Methods that change what they belong to, which the sandbox forbids.
constexpr std::string_view kChangeMapping[] = {"clear", "pop", "popitem", "setdefault", "update"};
constexpr std::string_view kChangeList[] = {"append", "clear", "pop",    "reverse",
                                            "insert", "sort",  "extend", "remove"};

std::span<const MethodRow> methods_of(const Value& value) {
  switch (value.kind) {
    case Kind::kMapping:
      return kOfMapping;
    case Kind::kList:
      return kOfList;
    case Kind::kTuple:
    case Kind::kRange:
      return kOfTuple;
    case Kind::kView:
      return kOfView;
    case Kind::kLoop:
      return kOfLoop;
    case Kind::kInteger:
    case Kind::kBoolean:
      return kOfInteger;
    case Kind::kFloat:
      return kOfFloat;
    default:
      return {};
  }
}

const MethodRow* find_method(const Value& value, std::string_view name) {
  const auto in = [&](std::span<const MethodRow> rows) {
    const auto found = std::ranges::find(rows, name, &MethodRow::name);
    return found == rows.end() ? nullptr : &*found;
  };
  if (!value.is(Kind::kText)) return in(methods_of(value));
  const MethodRow* found = in(string_methods());
  return found == nullptr ? in(case_methods()) : found;
}

bool is_forbidden(const Value& value, std::string_view name) {
  const auto in = [&](std::span<const std::string_view> names) {
    return std::ranges::find(names, name) != names.end();
  };
  return (value.is(Kind::kMapping) && in(kChangeMapping)) ||
         (value.is(Kind::kList) && in(kChangeList)) ||
         (name.size() > 4 && name.starts_with("__") && name.ends_with("__"));
}

/// Attributes that are values.
std::optional<Value> plain_attribute(Heap& heap, const Value& value, std::string_view name) {
  if (value.is_number()) {
    const Value itself = value.is(Kind::kFloat) ? value : of(value.whole());
    if (name == "real") return itself;
    if (name == "imag") return value.is(Kind::kFloat) ? of(0.0) : of(int64_t{0});
    if (value.is_whole() && name == "numerator") return itself;
    if (value.is_whole() && name == "denominator") return of(int64_t{1});
  }
  if (value.is(Kind::kRange)) {
    if (name == "start") return of(value.range->start);
    if (name == "stop") return of(value.range->stop);
    if (name == "step") return of(value.range->step);
  }
  if (value.is(Kind::kView) && name == "mapping") return of(value.view->of);
  if (value.is(Kind::kNamespace))
    for (const Namespace::Entry* one = value.names->first; one != nullptr; one = one->next) {
      heap.step();
      if (one->name == name) return one->value;
    }
  if (value.is(Kind::kMacro)) {
    const Statement& statement = *value.macro->statement;
    if (name == "name")
      return value.macro->name.empty() ? none() : text_of(heap, value.macro->name);
    if (name == "catch_kwargs") return of(statement.uses_kwargs);
    if (name == "catch_varargs") return of(statement.uses_varargs);
    if (name == "caller") return of(statement.uses_caller);
    if (name == "arguments") {
      ValueList names(heap);
      for (const std::string_view one : statement.signature.names) names.add(text_of(heap, one));
      return names.tuple();
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Value> attribute_of(Heap& heap, const Value& value, std::string_view name) {
  if (is_forbidden(value, name))
    return undefined(heap, fmt::format("access to attribute '{}' of '{}' object is unsafe.",
                                       name.substr(0, 60), type_name(value)));
  if (const std::optional<Value> found = plain_attribute(heap, value, name)) return found;
  const MethodRow* row = find_method(value, name);
  if (row == nullptr) return std::nullopt;
  Value method;
  method.kind = Kind::kMethod;
  method.method = heap.make<Method>(value, row);
  return method;
}

Value call_method(Evaluator& evaluator, const Method& method, const Arguments& arguments) {
  if (method.row->run == nullptr)
    fail_unsupported(
        fmt::format("the method {}() of '{}'", method.row->name, type_name(method.self)));
  return method.row->run(evaluator, method.self, arguments);
}

}  // namespace nety::jinja
