// "a.b.0": what filters take as the name of an attribute.
#pragma once

#include <string>
#include <vector>

#include "core/jinja/evaluator.h"

namespace nety::jinja {

class AttributePath {
 public:
  /// `path`: a text, a whole number, or null for the item itself. `ignores_case`: texts found are
  /// in lower case. Error: Failure for another type.
  AttributePath(Evaluator& evaluator, const Value* path, bool ignores_case = false);

  /// What it finds in an item; `otherwise` in place of what is undefined, if it is not null.
  Value in(const Value& item, const Value* otherwise = nullptr) const;

 private:
  Evaluator& evaluator_;
  std::vector<Value> parts_;
  bool ignores_case_;
};

}  // namespace nety::jinja
