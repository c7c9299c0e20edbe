// The times come first: a narrow terminal cuts what is done, not how long it takes.
#include "app/activity.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "app/messages.h"
#include "core/base/printable.h"

namespace nety::app {
namespace {

/// "4:30", "1:02:03".
std::string clock_of(double seconds) {
  const long whole = std::lround(std::max(seconds, 0.0));
  const long hours = whole / 3600;
  const std::string rest = fmt::format("{:02}:{:02}", whole / 60 % 60, whole % 60);
  if (hours > 0) return fmt::format("{}:{}", hours, rest);
  return rest.substr(rest.starts_with('0') ? 1 : 0);
}

}  // namespace

std::string activity_line(const Activity& activity, size_t columns, Language language) {
  std::string line = clock_of(activity.done_s);
  if (activity.total_s)
    line = render(
        {message::activity_of, {line, clock_of(std::max(*activity.total_s, activity.done_s))}},
        language);
  line += "  " + one_line(activity.what);
  // Whole characters, each one column wide.
  size_t end = 0, width = 0;
  for (; end < line.size(); ++end) {
    const bool begins = (static_cast<unsigned char>(line[end]) & 0xc0U) != 0x80U;
    if (begins && ++width > columns) break;
  }
  return line.substr(0, end);
}

}  // namespace nety::app
