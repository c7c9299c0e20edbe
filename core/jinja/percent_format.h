// "..." % values, as Python formats.
#pragma once

#include "core/jinja/value.h"

namespace nety::jinja {

/// `values`: a tuple, a dict for "%(name)s", or one value. Error: Failure.
Value percent_format(Heap& heap, const Text& format, const Value& values);

}  // namespace nety::jinja
