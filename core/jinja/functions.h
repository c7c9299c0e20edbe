// Functions that every template finds: Jinja's own and those that transformers adds.
#pragma once

#include "core/jinja/value.h"

namespace nety::jinja {

/// Null if there is none of that name.
const Function* find_function(std::string_view name);

}  // namespace nety::jinja
