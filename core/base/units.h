// Numbers with units, as people read them. "GB" is 1e9 bytes.
#pragma once

#include <cstdint>
#include <string>

namespace nety {

/// "538 MB", "29.0 GB", "12 kB", "7 B".
std::string format_bytes(uint64_t bytes);
/// "0.042 s", "3.1 s", "2 min 5 s".
std::string format_seconds(double seconds);
/// Three significant digits without exponent: "1480", "78.9", "0.0412".
std::string format_number(double value);

}  // namespace nety
