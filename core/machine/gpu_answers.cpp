// Reading what the driver libraries said.
#include "core/machine/gpu_drivers.h"
#include "core/machine/text.h"

namespace nety::machine {

std::string DriverSection::text(const std::string& key) const {
  const auto found = values_.find(key);
  return found != values_.end() ? found->second : std::string();
}

std::optional<uint64_t> DriverSection::number(const std::string& key) const {
  return number_in(text(key));
}

std::string DriverSection::reason(const std::string& key) const {
  const auto found = reasons_.find(key);
  return found != reasons_.end() && !values_.contains(key) ? found->second : std::string();
}

const DriverSection& DriverAnswers::section(const std::string& name) const {
  static const DriverSection kNothing;
  const auto found = sections.find(name);
  return found != sections.end() ? found->second : kNothing;
}

std::vector<const DriverSection*> DriverAnswers::devices(const std::string& library) const {
  std::vector<const DriverSection*> found;
  for (;;) {
    const auto next = sections.find(library + "." + std::to_string(found.size()));
    if (next == sections.end()) return found;
    found.push_back(&next->second);
  }
}

DriverAnswers parse_driver_answers(std::string_view text) {
  DriverAnswers answers;
  for (const std::string_view line : split(text, '\n')) {
    if (line.starts_with("at ")) continue;
    const size_t first = line.find(' ');
    const size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
    if (second == std::string_view::npos || second + 1 >= line.size()) continue;
    const std::string key(line.substr(first + 1, second - first - 1));
    const std::string value = single_spaced(line.substr(second + 2));
    DriverSection& section = answers.sections[std::string(line.substr(0, first))];
    if (line[second + 1] == '=') section.set(key, value);
    if (line[second + 1] == '?') section.refuse(key, value);
  }
  return answers;
}

}  // namespace nety::machine
