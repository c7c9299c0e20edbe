#include "app/run_arguments.h"

#include <concepts>

#include "core/backends/backends.h"
#include "core/kernels/kernels.h"
#include "core/precision/mode.h"

namespace nety::app {
namespace {

using options::OptionRow;

/// What stands for {} in a help text: names that tables of other layers have.
std::string names_of(const OptionRow& row) {
  if (row.name == options::rows::mode.name) return std::string(precision::selectable_mode_names());
  if (row.name == options::rows::backend.name) return backends::backend_names();
  return "";
}

std::string help_of(const OptionRow& row, const OtherHelp& other) {
  const auto found = other.find(row.name);
  std::string help = found == other.end() ? std::string(row.help) : found->second;
  if (const size_t place = help.find("{}"); place != std::string::npos)
    help.replace(place, 2, names_of(row));
  return help;
}

std::vector<std::string> kernel_families() {
  std::vector<std::string> names;
  for (const kernels::InstructionSet& set : kernels::instruction_sets())
    names.emplace_back(set.name);
  return names;
}

template <class T>
void declare_one(Arguments& arguments, const OptionRow& row, const std::string& help, T& value) {
  const std::string flag(row.flag);
  if constexpr (options::WordSet<T>) {
    std::vector<std::string> words;
    for (const std::string_view word : options::words_of(value))
      if (!word.empty()) words.emplace_back(word);
    arguments.choice(flag, options::text_of(value), words, help,
                     [&value](const std::string& word) { options::read_text(word, value); });
  } else if constexpr (std::same_as<T, bool>) {
    arguments.flag(flag, value, help);
  } else if constexpr (std::same_as<T, int64_t>) {
    arguments.number(flag, value, row.values.least, row.values.most, help);
  } else if (row.values.kind == options::Values::Kind::kNames) {
    arguments.choice(flag, value, kernel_families(), help);
  } else {
    arguments.text(flag, value, help);
  }
}

}  // namespace

void declare_run(Arguments& arguments, options::RunOptions& run,
                 const std::function<bool(const OptionRow&)>& offered,
                 const OtherHelp& other_help) {
  options::visit(run, [&](const OptionRow& row, auto& value) {
    if (offered(row)) declare_one(arguments, row, help_of(row, other_help), value);
  });
}

}  // namespace nety::app
