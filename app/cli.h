// From a command line to a command with its options filled in.
#pragma once

#include <memory>

#include "app/command.h"

namespace nety::app {

struct Invocation {
  Context context;
  std::unique_ptr<Command> command;  ///< Null if there is nothing more to do (help was printed).
};

/// Parses; prints help or the version itself. Error: kUsage.
Invocation parse(int argc, char** argv);

}  // namespace nety::app
