// The style sheet of the HTML page.
#pragma once

#include <string_view>

namespace nety::reports {

std::string_view page_style();

}  // namespace nety::reports
