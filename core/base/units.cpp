// Formatting is in the C locale whatever the user's: outputs are read by programs too.
#include "core/base/units.h"

#include <fmt/core.h>

#include <cmath>

namespace nety {

std::string format_bytes(uint64_t bytes) {
  const double value = static_cast<double>(bytes);
  if (bytes < 1000) return fmt::format("{} B", bytes);
  if (bytes < 999'500) return fmt::format("{:.0f} kB", value / 1e3);
  if (bytes < 999'500'000) return fmt::format("{:.0f} MB", value / 1e6);
  if (bytes < 99'950'000'000) return fmt::format("{:.1f} GB", value / 1e9);
  return fmt::format("{:.0f} GB", value / 1e9);
}

std::string format_seconds(double seconds) {
  if (!std::isfinite(seconds)) return "-";
  if (seconds < 1) return fmt::format("{:.3f} s", seconds);
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  const long whole = std::lround(seconds);
  return fmt::format("{} min {} s", whole / 60, whole % 60);
}

std::string format_number(double value) {
  if (!std::isfinite(value)) return "-";
  const double size = std::fabs(value);
  if (size == 0) return "0";
  if (size >= 100) return fmt::format("{:.0f}", value);
  const int decimals = 2 - static_cast<int>(std::floor(std::log10(size)));
  return fmt::format("{:.{}f}", value, decimals > 12 ? 12 : decimals);
}

}  // namespace nety
