// Options as members of a JSON object, for the protocols between processes. The key is the option's
// name; sets are words.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "core/options/run_options.h"

namespace nety::options {

/// Adds every option to `object`.
void write(const RunOptions& options, nlohmann::json& object);
/// What `object` says; missing options and empty words stay as in `options`, other keys are not
/// looked at. Error: kUsage for a value that the option cannot have, naming it.
void read(const nlohmann::json& object, RunOptions& options);

}  // namespace nety::options
