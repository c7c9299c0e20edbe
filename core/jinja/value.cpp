#include "core/jinja/value.h"

#include <fmt/core.h>

#include "core/jinja/failure.h"
#include "core/jinja/operators.h"
#include "core/jinja/text.h"

namespace nety::jinja {
namespace {

void expect_hashable(const Value& key) {
  const bool hashable = !key.is(Kind::kList) && !key.is(Kind::kMapping);
  if (!hashable) fail(fmt::format("unhashable type: '{}'", type_name(key)));
  if (key.is(Kind::kTuple))
    for (const Value& value : key.items->values) expect_hashable(value);
}

}  // namespace

Value undefined(Heap& heap, std::string_view hint) {
  Value value;
  std::string text(hint.substr(0, 200));
  text += '\0';
  value.hint = heap.copy(text).data();
  return value;
}

Value text_of(Heap& heap, std::string_view bytes) {
  const std::string_view own = heap.copy(bytes);
  return of(heap.make<Text>(own, code_points(own)));
}

Value items_of(Heap& heap, Kind kind, std::span<const Value> values) {
  Value value;
  value.kind = kind;
  value.items = heap.make<Items>(heap.copy(values));
  return value;
}

Value iterator_of(Heap& heap, std::span<const Value> values, const char* failure) {
  Value value;
  value.kind = Kind::kIterator;
  value.iterator = heap.make<Iterator>(heap.copy(values), size_t{0}, failure);
  return value;
}

std::string_view type_name(const Value& value) {
  switch (value.kind) {
    case Kind::kUndefined:
      return "Undefined";
    case Kind::kNone:
      return "NoneType";
    case Kind::kBoolean:
      return "bool";
    case Kind::kInteger:
      return "int";
    case Kind::kFloat:
      return "float";
    case Kind::kText:
      return "str";
    case Kind::kList:
      return "list";
    case Kind::kTuple:
      return "tuple";
    case Kind::kMapping:
      return "dict";
    case Kind::kRange:
      return "range";
    case Kind::kView:
      return "dict view";
    case Kind::kIterator:
      return "generator";
    case Kind::kNamespace:
      return "Namespace";
    case Kind::kLoop:
      return "LoopContext";
    case Kind::kMacro:
      return "Macro";
    case Kind::kMethod:
    case Kind::kFunction:
      break;
  }
  return "function";
}

void MappingBuilder::set(const Value& key, const Value& value) {
  expect_hashable(key);
  for (Pair& pair : pairs_)
    if (equal(*heap_, pair.key, key)) {
      pair.value = value;
      return;
    }
  heap_->take(sizeof(Pair));
  pairs_.push_back({key, value});
}

Value MappingBuilder::finish() const {
  return of(heap_->make<Mapping>(heap_->copy(std::span<const Pair>(pairs_))));
}

const Value* find(Heap& heap, const Mapping& mapping, const Value& key) {
  expect_hashable(key);
  for (const Pair& pair : mapping.pairs)
    if (equal(heap, pair.key, key)) return &pair.value;
  return nullptr;
}

const Value* find(Heap& heap, const Mapping& mapping, std::string_view key) {
  heap.step(mapping.pairs.size() / 8);
  for (const Pair& pair : mapping.pairs)
    if (pair.key.is(Kind::kText) && pair.key.text->bytes == key) return &pair.value;
  return nullptr;
}

Value item_of(const Range& range, size_t index) {
  return of(range.start + static_cast<int64_t>(index) * range.step);
}

bool is_iterable(const Value& value) {
  switch (value.kind) {
    case Kind::kUndefined:
    case Kind::kText:
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kMapping:
    case Kind::kRange:
    case Kind::kView:
    case Kind::kIterator:
    case Kind::kLoop:
      return true;
    default:
      return false;
  }
}

std::optional<size_t> length_of(const Value& value) {
  switch (value.kind) {
    case Kind::kUndefined:
      return 0;
    case Kind::kText:
      return value.text->length;
    case Kind::kList:
    case Kind::kTuple:
      return value.items->values.size();
    case Kind::kMapping:
      return value.mapping->pairs.size();
    case Kind::kRange:
      return value.range->length;
    case Kind::kView:
      return value.view->of->pairs.size();
    default:
      return std::nullopt;
  }
}

std::span<const Value> items_in(Heap& heap, const Value& value) {
  ValueList items(heap);
  switch (value.kind) {
    case Kind::kUndefined:
      return {};
    case Kind::kList:
    case Kind::kTuple:
      return value.items->values;
    case Kind::kText:
      for (size_t at = 0; at < value.text->bytes.size();) {
        const size_t bytes = code_point_bytes(value.text->bytes, at);
        items.add(part_of(heap, *value.text, at, at + bytes, false));
        at += bytes;
      }
      break;
    case Kind::kMapping:
      for (const Pair& pair : value.mapping->pairs) items.add(pair.key);
      break;
    case Kind::kRange:
      for (size_t i = 0; i < value.range->length; ++i) items.add(item_of(*value.range, i));
      break;
    case Kind::kView:
      for (const Pair& pair : value.view->of->pairs)
        if (value.view->part == View::Part::kKeys)
          items.add(pair.key);
        else if (value.view->part == View::Part::kValues)
          items.add(pair.value);
        else
          items.add(tuple_of(heap, std::vector<Value>{pair.key, pair.value}));
      break;
    case Kind::kIterator: {
      Iterator& iterator = *value.iterator;
      const std::span<const Value> rest = iterator.values.subspan(iterator.next);
      iterator.next = iterator.values.size();
      if (iterator.failure != nullptr) fail(iterator.failure);
      return rest;
    }
    case Kind::kLoop:
      fail_unsupported("iterating over \"loop\"");
    default:
      fail(fmt::format("'{}' object is not iterable", type_name(value)));
  }
  return heap.copy(items.values());
}

}  // namespace nety::jinja
