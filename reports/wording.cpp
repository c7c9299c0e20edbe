// Adds the language's decimal comma and unit words to what base/units.h gives.
#include "reports/wording.h"

#include <fmt/core.h>

#include <cmath>

#include "core/base/units.h"

namespace nety::reports {

std::string Wording::say(MessageId id, std::vector<std::string> args) const {
  return render({id, std::move(args)}, language_);
}

std::string Wording::local(std::string number) const {
  if (language_ != Language::kFrench) return number;
  for (char& c : number)
    if (c == '.') c = ',';
  return number;
}

std::string Wording::number(double value) const {
  const double size = std::fabs(value);
  if (size > 0 && (size < 1e-4 || size >= 1e9)) {
    const std::string text = fmt::format("{:.1e}", value);  // 2.0e-05
    const size_t e = text.find('e');
    const int exponent = std::atoi(text.c_str() + e + 1);
    return local(fmt::format("{}e{}", text.substr(0, e), exponent));
  }
  return local(format_number(value));
}

std::string Wording::count(int64_t value) const {
  std::string digits = std::to_string(value);
  const char* const separator = language_ == Language::kFrench ? "\u00a0" : ",";
  for (size_t at = digits.size(); at > 3 && digits[at - 4] != '-';) {
    at -= 3;
    digits.insert(at, separator);
  }
  return digits;
}

std::string Wording::bytes(double value) const {
  if (!std::isfinite(value) || value < 0) return "-";
  std::string text = local(format_bytes(static_cast<uint64_t>(value)));
  if (language_ == Language::kFrench) text.back() = 'o';  // octets: ko, Mo, Go
  return text;
}

std::string Wording::seconds(double value) const { return local(format_seconds(value)); }

std::string Wording::percent(double share) const {
  return share >= 1 && share < 1.0000001 ? "100 %" : number(100 * share) + " %";
}

std::string Wording::plain(double value) const { return local(fmt::format("{:g}", value)); }

std::string Wording::times(double ratio) const {
  return local(fmt::format("{:.2f}", ratio)) + "\u00d7";
}

std::string Wording::column_unit(const std::string& unit) const {
  return unit == "s" || unit == "tok/s" || unit == "nat" ? unit : "";
}

std::string Wording::bare(double value, const std::string& unit) const {
  if (!std::isfinite(value)) return "-";
  if (unit == "bytes") return bytes(value);
  if (unit == "bytes/s") return bytes(value) + "/s";
  if (unit == "ratio") return percent(value);
  if (unit == "s" && value >= 0.001 && value < 10) return local(fmt::format("{:.3f}", value));
  return number(value);
}

std::string Wording::quantity(double value, const std::string& unit) const {
  if (unit == "s") return seconds(value);
  const std::string text = bare(value, unit);
  const bool carried = unit == "bytes" || unit == "bytes/s" || unit == "ratio" || unit.empty();
  return carried ? text : fmt::format("{} {}", text, unit);
}

std::string Wording::range(const std::string& low, const std::string& high) const {
  return fmt::format("[{}{}{}]", low, language_ == Language::kFrench ? " ; " : ", ", high);
}

std::string Wording::interval(const results::Metric& metric) const {
  if (!metric.ci) return "";
  const auto& [low, high] = *metric.ci;
  if (metric.unit == "ratio") return range(number(100 * low), number(100 * high));
  return range(bare(low, metric.unit), bare(high, metric.unit));
}

std::string Wording::metric(const results::Metric& metric) const {
  if (!metric.median) return "-";
  std::string text = quantity(*metric.median, metric.unit);
  if (metric.kind == "estimated") text.insert(0, "\u2248 ");
  if (metric.ci) text += fmt::format(" {}", interval(metric));
  return text;
}

}  // namespace nety::reports
