// str.format().
#pragma once

#include "core/jinja/value.h"

namespace nety::jinja {

Value format_text(Evaluator& evaluator, const Value& self, const Arguments& arguments);

}  // namespace nety::jinja
