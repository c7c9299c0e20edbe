// Tests of "is", one row each in tests.def.
#pragma once

#include "core/jinja/value.h"

namespace nety::jinja {

struct TestRow {
  std::string_view name;
  bool (*holds)(Evaluator& evaluator, const Value& value, const Arguments& arguments);
};

/// Null if there is none of that name.
const TestRow* find_test(std::string_view name);

}  // namespace nety::jinja
