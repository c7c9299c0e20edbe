// Generators of Python: items that may fail when they are reached.
#pragma once

#include "core/jinja/evaluator.h"
#include "core/jinja/failure.h"

namespace nety::jinja {

/// A generator of what `make` adds to the list it is given, at once. Where that fails as Python
/// would, the failure stands behind the items made so far.
template <class Make>
Value generated(Evaluator& evaluator, Make make) {
  ValueList values(evaluator.heap());
  const char* failure = nullptr;
  try {
    make(values);
  } catch (const Failure& found) {
    if (found.kind != Failure::Kind::kWrong) throw;
    failure = undefined(evaluator.heap(), found.what).hint;
  }
  return iterator_of(evaluator.heap(), values.values(), failure);
}

}  // namespace nety::jinja
