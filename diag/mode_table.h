// The table of modes on the screen of nety diag.
#pragma once

#include <string>
#include <vector>

#include "core/base/messages.h"
#include "diag/examine.h"

namespace nety::diag {

/// Its lines, at most `width` characters wide: where that is too narrow, the least telling columns
/// are left out.
std::vector<std::string> mode_table(const Diagnosis& diagnosis, Language language, size_t width,
                                    bool colours);

}  // namespace nety::diag
