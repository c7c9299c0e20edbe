// Python's format specifications, "[[fill]align][sign][#][0][width][,][.precision][type]": numbers
// and texts written to a width.
#pragma once

#include <string>
#include <string_view>

#include "core/jinja/value.h"

namespace nety::jinja {

struct FormatSpec {
  std::string fill = " ";
  char align = 0;  ///< '<', '>', '=', '^'; 0: by type
  char sign = '-';
  bool alternative = false, grouped = false, zeros = false;
  int64_t width = 0;
  int64_t precision = -1;
  char type = 0;
  bool empty = true;  ///< Nothing was specified.
};

/// Error: Failure for one that Python refuses.
FormatSpec read_format_spec(std::string_view text);
/// format(value, spec). Error: Failure for a type that does not go with the value.
Value formatted(Heap& heap, const Value& value, const FormatSpec& spec);

}  // namespace nety::jinja
