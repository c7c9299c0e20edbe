// The options of running a model on the command line: those of core/options that a command offers.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/command.h"
#include "core/options/run_options.h"

namespace nety::app {

/// Help that differs from the list's, by the option's name: where a command means more by it.
using OtherHelp = std::map<std::string_view, std::string>;

/// Declares the options that are `offered`; `run` holds the defaults and takes what is given.
void declare_run(Arguments& arguments, options::RunOptions& run,
                 const std::function<bool(const options::OptionRow&)>& offered,
                 const OtherHelp& other_help = {});

/// The options that have one of those roles.
inline auto of_role(unsigned roles) {
  return [roles](const options::OptionRow& row) { return row.has(roles); };
}

/// The options with those names.
inline auto named(std::vector<std::string_view> names) {
  return [names = std::move(names)](const options::OptionRow& row) {
    return std::find(names.begin(), names.end(), row.name) != names.end();
  };
}

}  // namespace nety::app
