// The kinds of trouble, their exit codes and their words.
#pragma once

#include <string_view>

namespace nety {

/// What kind of trouble it is. Each kind has one exit code (see exit_code).
enum class ErrorKind {
  kInternal,      ///< A bug in the program.
  kIo,            ///< The operating system refused to read or write.
  kUsage,         ///< The command line asks for something impossible.
  kRegression,    ///< A comparison found a regression.
  kInconclusive,  ///< A comparison could not decide (only with --strict).
  kEnvironment,   ///< The machine or an installed part is unfit for what was asked.
  kRequirement,   ///< A requirement or a claim gate is not met.
  kCheckpoint,    ///< A model file is damaged, incomplete or unsupported.
  kMemory,        ///< It does not fit in memory.
  kInterrupted,   ///< The user pressed Ctrl-C.
};

/// The exit code of the process for each kind of error.
int exit_code(ErrorKind kind);

/// A word for each kind, as results carry it: "io", "usage", "checkpoint" ...
std::string_view name_of(ErrorKind kind);

}  // namespace nety
