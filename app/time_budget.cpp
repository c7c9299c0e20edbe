#include "app/time_budget.h"

#include <fmt/core.h>

#include <charconv>

#include "core/base/error.h"

namespace nety::app {

double parse_budget(const std::string& text, const char* option) {
  if (text.empty() || text == "none") return 0;
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string unit(end, text.data() + text.size());
  const double factor = unit.empty() || unit == "s"    ? 1
                        : unit == "m" || unit == "min" ? 60
                        : unit == "h"                  ? 3600
                                                       : 0;
  if (code != std::errc() || factor == 0 || value <= 0)
    throw Error(ErrorKind::kUsage, fmt::format("{}: '{}' is no time", option, text),
                "Give seconds, minutes or hours: 120s, 2min, 1h; or none.");
  return value * factor;
}

}  // namespace nety::app
