// The style sheet of the HTML page.
#pragma once

#include <string_view>

namespace nety::reports {

std::string_view page_style();
/// What a page gains where scripts run: columns that sort.
std::string_view page_script();

}  // namespace nety::reports
