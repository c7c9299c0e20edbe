// Parsing and help, both from the tables of names.
#include "diag/requirement.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "core/base/error.h"
#include "core/base/words.h"
#include "core/precision/mode.h"
#include "diag/messages.h"
#include "diag/quantities.h"
#include "diag/viability.h"

namespace nety::diag {
namespace {

struct Sign {
  std::string_view text;
  Comparison comparison;
};
// Longer ones first, so that ">=" is not read as ">".
constexpr Sign kSigns[] = {{">=", Comparison::kAtLeast}, {"<=", Comparison::kAtMost},
                           {"==", Comparison::kEqual},   {">", Comparison::kMore},
                           {"<", Comparison::kLess},     {"=", Comparison::kEqual}};

struct Unit {
  std::string_view text;
  Dimension dimension;
  double factor;
};
constexpr Unit kUnits[] = {
    {"B", Dimension::kBytes, 1},
    {"kB", Dimension::kBytes, 1e3},
    {"MB", Dimension::kBytes, 1e6},
    {"GB", Dimension::kBytes, 1e9},
    {"TB", Dimension::kBytes, 1e12},
    {"KiB", Dimension::kBytes, 1024},
    {"MiB", Dimension::kBytes, 1024.0 * 1024},
    {"GiB", Dimension::kBytes, 1024.0 * 1024 * 1024},
    {"TiB", Dimension::kBytes, 1024.0 * 1024 * 1024 * 1024},
    {"B/s", Dimension::kBytesPerSecond, 1},
    {"MB/s", Dimension::kBytesPerSecond, 1e6},
    {"GB/s", Dimension::kBytesPerSecond, 1e9},
    {"MiB/s", Dimension::kBytesPerSecond, 1024.0 * 1024},
    {"GiB/s", Dimension::kBytesPerSecond, 1024.0 * 1024 * 1024},
    {"GFLOP/s", Dimension::kOperations, 1e9},
    {"TFLOP/s", Dimension::kOperations, 1e12},
    {"GOP/s", Dimension::kOperations, 1e9},
    {"TOP/s", Dimension::kOperations, 1e12},
};

constexpr std::string_view kVerdicts[] = {"viable", "slow", "broken", "unsupported", "unknown"};
constexpr std::string_view kStatuses[] = {"ok", "warn", "fail", "absent", "unknown"};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::string units_of(Dimension dimension) {
  std::vector<std::string_view> units;
  for (const Unit& unit : kUnits)
    if (unit.dimension == dimension) units.push_back(unit.text);
  return joined(units);
}

std::string quantity_names() {
  std::vector<std::string_view> names;
  for (const Quantity& quantity : quantities()) names.push_back(quantity.name);
  return joined(names);
}

[[noreturn]] void refuse(std::string_view text, const std::string& what, const std::string& hint) {
  throw Error(ErrorKind::kUsage, fmt::format("--require '{}': {}", text, what), hint);
}

Requirement made(std::string_view text, RequirementKind kind) {
  Requirement out;
  out.text = text;
  out.kind = kind;
  return out;
}

/// "name<sign>rest"; the sign is null where there is none.
struct Parts {
  std::string_view left, right;
  const Sign* sign = nullptr;
};
Parts split_at_sign(std::string_view text) {
  const size_t at = text.find_first_of("<>=");
  if (at == std::string_view::npos) return {trimmed(text), {}, nullptr};
  for (const Sign& sign : kSigns)
    if (text.substr(at).starts_with(sign.text))
      return {trimmed(text.substr(0, at)), trimmed(text.substr(at + sign.text.size())), &sign};
  return {trimmed(text), {}, nullptr};
}

double number_of(std::string_view text, std::string_view value, Dimension dimension) {
  double number = 0;
  const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (code != std::errc())
    refuse(text, fmt::format("'{}' is no number", value), "Write for instance ram>=16GiB.");
  const std::string_view unit =
      trimmed({end, static_cast<size_t>(value.data() + value.size() - end)});
  if (dimension == Dimension::kCount) {
    if (!unit.empty())
      refuse(text, fmt::format("'{}': a count has no unit", unit),
             "Write for instance threads>=4.");
    return number;
  }
  for (const Unit& known : kUnits)
    if (known.text == unit && known.dimension == dimension) return number * known.factor;
  refuse(text, unit.empty() ? "a unit is missing" : fmt::format("unknown unit '{}'", unit),
         fmt::format("Units: {}.", units_of(dimension)));
}

/// A word after "=", one of `words`; `fallback` where there is no "=".
std::string word_of(std::string_view text, const Parts& parts,
                    std::span<const std::string_view> words, std::string_view fallback) {
  if (parts.sign == nullptr) return std::string(fallback);
  const bool known = std::find(words.begin(), words.end(), parts.right) != words.end();
  if (parts.sign->comparison != Comparison::kEqual || !known)
    refuse(text, fmt::format("'{}' is no answer to that", parts.right),
           fmt::format("After '=': {}.", joined(words)));
  return std::string(parts.right);
}

std::string mode_named(std::string_view text, std::string_view name) {
  if (name != "stored" && precision::find_mode(name) == nullptr)
    refuse(text, fmt::format("unknown mode '{}'", name),
           fmt::format("Modes: {}, stored, and the GGUF formats that nety modes lists.",
                       precision::selectable_mode_names()));
  return std::string(name);
}

Requirement parse_mode(std::string_view text, std::string_view rest) {
  const Parts parts = split_at_sign(rest);
  const size_t at = parts.left.find('@');
  Requirement out = made(text, RequirementKind::kMode);
  out.name = mode_named(text, parts.left.substr(0, at));
  if (at != std::string_view::npos) out.backend = parts.left.substr(at + 1);
  if (at != std::string_view::npos && out.backend.empty())
    refuse(text, "no backend after '@'", "Write for instance mode:int8@torch=viable.");
  out.word = word_of(text, parts, kVerdicts, "viable");
  return out;
}

Requirement parse_finding(std::string_view text, std::string_view rest) {
  const Parts parts = split_at_sign(rest);
  Requirement out = made(text, RequirementKind::kFinding);
  out.name = parts.left;
  if (out.name.empty())
    refuse(text, "no finding is named", "nety diag --json has their ids, such as cpu.budget.");
  out.word = word_of(text, parts, kStatuses, "ok");
  return out;
}

}  // namespace

Requirement parse_requirement(std::string_view given) {
  const std::string_view text = trimmed(given);
  const auto after = [&](std::string_view prefix) { return trimmed(text.substr(prefix.size())); };
  if (text.starts_with("mode:")) return parse_mode(text, after("mode:"));
  if (text.starts_with("finding:")) return parse_finding(text, after("finding:"));
  Requirement out = made(text, RequirementKind::kQuantity);
  if (text.starts_with("fits:")) {
    out.kind = RequirementKind::kFits;
    out.name = mode_named(text, after("fits:"));
    return out;
  }
  const Parts parts = split_at_sign(text);
  out.name = parts.left;
  if (const Quantity* quantity = find_quantity(parts.left)) {
    if (parts.sign == nullptr)
      refuse(text, fmt::format("'{}' is a quantity and wants a limit", parts.left),
             fmt::format("Write for instance {}.", quantity->example));
    out.comparison = parts.sign->comparison;
    out.number = number_of(text, parts.right, quantity->dimension);
    return out;
  }
  if (is_feature(parts.left)) {
    if (parts.sign != nullptr)
      refuse(text, fmt::format("{} is there or not", parts.left), "Leave out what follows it.");
    out.kind = RequirementKind::kFeature;
    return out;
  }
  refuse(text, fmt::format("unknown name '{}'", parts.left),
         fmt::format("Quantities: {}. Processor features: {}. Or mode:NAME, fits:NAME, finding:ID. "
                     "--require help explains them.",
                     quantity_names(), joined(features())));
}

std::string requirement_help(Language language) {
  const auto say = [language](MessageId id) { return render({id, {}}, language); };
  std::string out = say(message::diag_require_intro) + "\n\n";
  for (const Quantity& quantity : quantities())
    out += fmt::format("  {:<26} {}\n", quantity.example, say(quantity.title));
  const auto row = [&](const char* example, MessageId id) {
    out += fmt::format("  {:<26} {}\n", example, say(id));
  };
  row("avx512_bf16", message::diag_require_feature);
  row("mode:int8=viable", message::diag_require_mode);
  row("mode:int8@torch=viable", message::diag_require_backend);
  row("fits:fp32", message::diag_require_fits);
  row("finding:cpu.budget=ok", message::diag_require_finding);
  out += fmt::format("\n{} >= <= > < =\n", say(message::diag_require_operators));
  out +=
      fmt::format("{} {}; {}; {}\n", say(message::diag_require_units), units_of(Dimension::kBytes),
                  units_of(Dimension::kBytesPerSecond), units_of(Dimension::kOperations));
  out += fmt::format("{} {}\n", say(message::diag_require_features), joined(features()));
  out += fmt::format("{} {}\n", say(message::diag_require_verdicts), joined(kVerdicts));
  return out;
}

}  // namespace nety::diag
