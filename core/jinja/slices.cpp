#include "core/jinja/slices.h"

#include <fmt/core.h>

#include "core/jinja/failure.h"
#include "core/jinja/numbers.h"
#include "core/jinja/operators.h"
#include "core/jinja/text.h"

namespace nety::jinja {
namespace {

/// The place of a possibly negative index; nothing if it is outside.
std::optional<size_t> place_of(int64_t index, size_t length) {
  if (index < 0) index += static_cast<int64_t>(length);
  if (index < 0 || index >= static_cast<int64_t>(length)) return std::nullopt;
  return static_cast<size_t>(index);
}

bool is_hashable(const Value& key) {
  if (key.is(Kind::kTuple)) {
    for (const Value& value : key.items->values)
      if (!is_hashable(value)) return false;
    return true;
  }
  return !key.is(Kind::kList) && !key.is(Kind::kMapping);
}

Value text_slice(Heap& heap, const Text& text, const Indices& indices) {
  const size_t count = indices.count();
  if (indices.step == 1) {
    const auto begin = static_cast<size_t>(indices.begin);
    const size_t first = offset_of(heap, text, begin);
    return part_of(heap, text, first, count == 0 ? first : offset_of(heap, text, begin + count));
  }
  const std::span<const Value> characters = items_in(heap, of(&text));
  TextBuilder out(heap);
  for (size_t i = 0; i < count; ++i)
    out.add(*characters[static_cast<size_t>(indices.begin + static_cast<int64_t>(i) * indices.step)]
                 .text);
  return out.finish(text.safe);
}

int64_t bound_of(const Value& bound) {
  if (!bound.is_whole()) fail("slice indices must be integers or None");
  return bound.whole();
}

}  // namespace

size_t Indices::count() const {
  if (step > 0) return begin >= end ? 0 : static_cast<size_t>((end - begin - 1) / step + 1);
  return begin <= end ? 0 : static_cast<size_t>((begin - end - 1) / -step + 1);
}

Indices indices_of(const Value& begin, const Value& end, const Value& step, size_t length) {
  const auto size = static_cast<int64_t>(length);
  Indices indices{0, 0, step.is(Kind::kNone) ? 1 : bound_of(step)};
  if (indices.step == 0) fail("slice step cannot be zero");
  indices.step = std::max(indices.step, -INT64_MAX);
  const bool back = indices.step < 0;
  const auto place = [&](const Value& bound, int64_t otherwise) {
    if (bound.is(Kind::kNone)) return otherwise;
    int64_t at = bound_of(bound);
    if (at < 0) return std::max<int64_t>(at + size, back ? -1 : 0);
    return std::min(at, back ? size - 1 : size);
  };
  indices.begin = place(begin, back ? size - 1 : 0);
  indices.end = place(end, back ? -1 : size);
  return indices;
}

std::optional<Value> element_of(Heap& heap, const Value& value, const Value& key) {
  if (value.is(Kind::kMapping)) {
    if (!is_hashable(key)) return std::nullopt;
    const Value* found = key.is(Kind::kText) ? find(heap, *value.mapping, key.text->bytes)
                                             : find(heap, *value.mapping, key);
    return found == nullptr ? std::nullopt : std::optional(*found);
  }
  if (!key.is_whole()) return std::nullopt;
  if (value.is(Kind::kText)) {
    const std::optional<size_t> place = place_of(key.whole(), value.text->length);
    if (!place) return std::nullopt;
    const size_t at = offset_of(heap, *value.text, *place);
    return part_of(heap, *value.text, at, at + code_point_bytes(value.text->bytes, at));
  }
  const std::optional<size_t> length = length_of(value);
  if (!length || value.is(Kind::kView)) return std::nullopt;
  const std::optional<size_t> place = place_of(key.whole(), *length);
  if (!place) return std::nullopt;
  return value.is(Kind::kRange) ? item_of(*value.range, *place) : value.items->values[*place];
}

Value slice(Heap& heap, const Value& value, const Value& begin, const Value& end,
            const Value& step) {
  expect_defined(value);
  const bool fits = value.is(Kind::kText) || value.is_sequence() || value.is(Kind::kRange);
  if (!fits) fail(fmt::format("a slice does not go with '{}'", type_name(value)));
  for (const Value* bound : {&begin, &end, &step}) expect_defined(*bound);
  const Indices indices = indices_of(begin, end, step, *length_of(value));
  if (value.is(Kind::kText)) return text_slice(heap, *value.text, indices);
  if (value.is(Kind::kRange)) {
    const Range& range = *value.range;
    Value made;
    made.kind = Kind::kRange;
    const auto at = [&](int64_t index) {
      return arithmetic("+", of(range.start), arithmetic("*", of(index), of(range.step))).whole();
    };
    const int64_t stride = arithmetic("*", of(range.step), of(indices.step)).whole();
    made.range = heap.make<Range>(at(indices.begin), at(indices.end), stride, indices.count());
    return made;
  }
  ValueList values(heap);
  for (size_t i = 0; i < indices.count(); ++i)
    values.add(
        value.items
            ->values[static_cast<size_t>(indices.begin + static_cast<int64_t>(i) * indices.step)]);
  return items_of(heap, value.kind, values.values());
}

}  // namespace nety::jinja
