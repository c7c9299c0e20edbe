// A loop that is running, and what templates see of it as "loop".
#pragma once

#include "core/jinja/scope.h"
#include "core/jinja/syntax.h"

namespace nety::jinja {

struct Loop {
  const Statement* statement;
  Scope* scope;  ///< Around the loop.
  std::span<const Value> items;
  int64_t depth0 = 0;
  size_t next = 0;     ///< The first item that was not looked at.
  bool asked = false;  ///< The rest of the items meet the condition.
  int64_t index0 = -1;
  Value current = {}, before = {}, after = {};
  bool has_after = false;  ///< The next item is known.
  bool counted = false;
  int64_t length = 0;  ///< If counted.
  const Items* last_changed = nullptr;
};

}  // namespace nety::jinja
