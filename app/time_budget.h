// How --budget gives a time.
#pragma once

#include <string>

namespace nety::app {

/// Seconds of "90", "90s", "2min", "1h"; 0 for "none" and for nothing. Error: kUsage.
double parse_budget(const std::string& text, const char* option = "--budget");

}  // namespace nety::app
