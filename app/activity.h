// What a long command does now, as one line for a terminal.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "core/base/messages.h"

namespace nety::app {

struct Activity {
  std::string what;               ///< "nf4 native: measure"
  double done_s = 0;              ///< Since the command began.
  std::optional<double> total_s;  ///< What it takes in all; nothing: cannot be told yet.
};

/// "1:12 of about 4:30  nf4 native: measure" in at most `columns` characters: what does not fit of
/// the end is left out.
std::string activity_line(const Activity& activity, size_t columns, Language language);

}  // namespace nety::app
