// A template's text as a tree.
#pragma once

#include <string_view>

#include "core/jinja/syntax.h"

namespace nety::jinja {

/// Into an empty tree. Error: Failure with its line: the template is not Jinja, or has a statement,
/// a filter or a test that is not supported.
void parse(std::string_view source, Tree& tree);

}  // namespace nety::jinja
