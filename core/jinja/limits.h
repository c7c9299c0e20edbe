// What rendering a template may take. A template comes with a model and may be hostile: it cannot
// hang, exhaust memory or overflow the stack.
#pragma once

#include <cstdint>

namespace nety::jinja {

struct Limits {
  int64_t template_bytes = 1 << 20;   ///< Of the template's own text.
  int64_t steps = 20'000'000;         ///< Expressions, statements, items and compared characters.
  int64_t bytes = 128 * (1LL << 20);  ///< Everything that is made on the way, the output included.
  int64_t depth = 800;                ///< Calls, loops, expressions and values inside one another.
};

}  // namespace nety::jinja
