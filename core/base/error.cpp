// Exit codes: the contract with scripts and CI jobs.
#include "core/base/error.h"

namespace nety {

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInternal:
    case ErrorKind::kIo:
      return 1;
    case ErrorKind::kUsage:
      return 2;
    case ErrorKind::kRegression:
      return 3;
    case ErrorKind::kInconclusive:
      return 4;
    case ErrorKind::kEnvironment:
      return 5;
    case ErrorKind::kRequirement:
      return 6;
    case ErrorKind::kCheckpoint:
      return 7;
    case ErrorKind::kMemory:
      return 8;
    case ErrorKind::kInterrupted:
      return 130;
  }
  return 1;
}

std::string_view name_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInternal:
      return "internal";
    case ErrorKind::kIo:
      return "io";
    case ErrorKind::kUsage:
      return "usage";
    case ErrorKind::kRegression:
      return "regression";
    case ErrorKind::kInconclusive:
      return "inconclusive";
    case ErrorKind::kEnvironment:
      return "environment";
    case ErrorKind::kRequirement:
      return "requirement";
    case ErrorKind::kCheckpoint:
      return "checkpoint";
    case ErrorKind::kMemory:
      return "memory";
    case ErrorKind::kInterrupted:
      return "interrupted";
  }
  return "internal";
}

}  // namespace nety
