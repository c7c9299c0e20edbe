// The text that quality is measured on where no other is given: English, French and code, written
// for this program.
#pragma once

#include <string_view>

namespace nety::bench {

/// Its name in results: it changes when the text does.
inline constexpr std::string_view kEvaluationTextName = "nety-evaluation-1";

std::string_view evaluation_text();

}  // namespace nety::bench
