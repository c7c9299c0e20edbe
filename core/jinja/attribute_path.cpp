#include "core/jinja/attribute_path.h"

#include <fmt/core.h>

#include "core/jinja/case_mapping.h"
#include "core/jinja/failure.h"
#include "core/jinja/numbers.h"
#include "core/jinja/splitting.h"

namespace nety::jinja {

AttributePath::AttributePath(Evaluator& evaluator, const Value* path, bool ignores_case)
    : evaluator_(evaluator), ignores_case_(ignores_case) {
  if (path == nullptr || path->is(Kind::kNone)) return;
  if (!path->is(Kind::kText)) {
    parts_.push_back(*path);
    return;
  }
  const Text dot{".", 1};
  for (const Span& part : split(evaluator.heap(), *path->text, &dot, -1)) {
    const std::string_view name = path->text->bytes.substr(part.begin, part.end - part.begin);
    const bool digits = !name.empty() && name.size() < 18 &&
                        name.find_first_not_of("0123456789") == std::string_view::npos;
    parts_.push_back(digits ? of(*integer_in(name)) : evaluator.text(name));
  }
}

Value AttributePath::in(const Value& item, const Value* otherwise) const {
  Value value = item;
  for (const Value& part : parts_) {
    value = evaluator_.item(value, part);
    if (otherwise != nullptr && value.is(Kind::kUndefined)) value = *otherwise;
  }
  if (!ignores_case_ || !value.is(Kind::kText)) return value;
  Heap& heap = evaluator_.heap();
  heap.step(value.text->bytes.size() / 4);
  return whole_of(heap, lower_case(value.text->bytes), *value.text);
}

}  // namespace nety::jinja
