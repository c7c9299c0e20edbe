// Names that a part of a template hides before it sets them.
#pragma once

#include "core/jinja/syntax.h"

namespace nety::jinja {

/// Fills in the `hidden` of a tree and its statements. Jinja gives a name that a scope sets, and
/// does not use before, a place of its own in that scope from its beginning on: inside loops and
/// macros above the place where it is set, a caller's variable of that name is undefined.
void find_hidden_names(Tree& tree);

}  // namespace nety::jinja
