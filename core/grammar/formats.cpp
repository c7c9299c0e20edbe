// RFC 3339 for dates and times (without leap seconds, the year 0 and more than 9 digits of a
// second), RFC 4122, 2673, 4291 (without zones), 1123 (up to four labels), 5321 (without quotes),
// 3986 (with an authority), 6901.
#include "core/grammar/formats.h"

#include <fmt/core.h>

#include <array>

namespace nety::grammar {
namespace {

constexpr std::string_view kLeapEnding = "(?:0[48]|[2468][048]|[13579][26])";

std::string date() {
  const std::string year = "(?:000[1-9]|00[1-9]\\d|0[1-9]\\d\\d|[1-9]\\d\\d\\d)";
  const std::string month_day =
      "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|"
      "02-(?:0[1-9]|1\\d|2[0-8]))";
  const std::string leap = fmt::format("(?:\\d\\d{0}|{0}00)", kLeapEnding);
  return fmt::format("(?:{}-{}|{}-02-29)", year, month_day, leap);
}

std::string time() {
  return "(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,9})?"
         "(?:Z|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)";
}

std::string duration() {
  const std::string n = "\\d{1,9}";
  const std::string time = fmt::format("T(?:{0}H(?:{0}M(?:{0}S)?)?|{0}M(?:{0}S)?|{0}S)", n);
  const std::string days = fmt::format("(?:{0}D|{0}M(?:{0}D)?|{0}Y(?:{0}M(?:{0}D)?)?)", n);
  return fmt::format("P(?:{0}W|{1}|{2}(?:{1})?)", n, time, days);
}

std::string ipv4() {
  const std::string byte = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
  return fmt::format("{0}\\.{0}\\.{0}\\.{0}", byte);
}

/// Eight groups, or fewer around one "::".
std::string ipv6() {
  const std::string group = "[0-9A-Fa-f]{1,4}";
  std::string ways = fmt::format("(?:{}:){{7}}{}", group, group);
  for (int before = 0; before <= 7; ++before) {
    const std::string left =
        before == 0 ? "" : fmt::format("{0}(?::{0}){{{1}}}", group, before - 1);
    const std::string right =
        before == 7 ? "" : fmt::format("(?:{0}(?::{0}){{0,{1}}})?", group, 6 - before);
    ways += fmt::format("|{}::{}", left, right);
  }
  return "(?:" + ways + ")";
}

std::string hostname() {
  const std::string label = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,60}[A-Za-z0-9])?";
  return fmt::format("(?:{0}\\.){{0,3}}{0}", label);
}

std::string email() {
  const std::string atom = "[A-Za-z0-9_+-]+";
  const std::string label = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,60}[A-Za-z0-9])?";
  return fmt::format("{0}(?:\\.{0})*@{1}(?:\\.{1}){{0,3}}", atom, label);
}

std::string uri() {
  const std::string part = "(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f][0-9A-Fa-f])";
  return fmt::format(
      "[A-Za-z][A-Za-z0-9+.-]*://{}(?::[1-9]\\d{{0,3}})?(?:/{}*)*(?:\\?{}*)?(?:#{}*)?",
      "[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?", part, part, part);
}

std::string uuid() {
  return "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}";
}

struct Format {
  std::string_view name;
  std::string (*pattern)();
};

constexpr auto kFormats = std::to_array<Format>({
    {"date", date},
    {"time", time},
    {"date-time", [] { return date() + "T" + time(); }},
    {"duration", duration},
    {"uuid", uuid},
    {"ipv4", ipv4},
    {"ipv6", ipv6},
    {"hostname", hostname},
    {"email", email},
    {"uri", uri},
    {"json-pointer", [] { return std::string("(?:/(?:[^/~]|~[01])*)*"); }},
});

}  // namespace

std::string pattern_of_format(std::string_view format) {
  for (const Format& known : kFormats)
    if (known.name == format) return "^(?:" + known.pattern() + ")$";
  return "";
}

std::string known_formats() {
  std::string names;
  for (const Format& known : kFormats) {
    if (!names.empty()) names += ", ";
    names += known.name;
  }
  return names;
}

}  // namespace nety::grammar
