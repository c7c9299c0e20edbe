// Time as result files write it, which sorts as text.
#pragma once

#include <chrono>
#include <string>

namespace nety {

/// 2026-01-31T12:00:00Z
std::string utc_text(std::chrono::system_clock::time_point time);

}  // namespace nety
