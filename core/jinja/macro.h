// A macro, or what a call block hands over as "caller".
#pragma once

#include "core/jinja/scope.h"
#include "core/jinja/syntax.h"

namespace nety::jinja {

struct Macro {
  std::string_view name;  ///< Empty: a call block's.
  const Statement* statement;
  Scope* scope;  ///< Where it was defined.
};

}  // namespace nety::jinja
