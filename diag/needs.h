// What a gate must find out: a flag or a size is asked for, and only a rate or a mode is measured.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "diag/requirement.h"
#include "diag/viability.h"

namespace nety::diag {

struct Needs {
  bool everything = false;  ///< There are no requirements: the whole diagnosis is wanted.
  RateParts rates;          ///< Bandwidth and arithmetic, measured.
  bool drivers = false;     ///< What the drivers of GPUs say.
  bool stack = false;       ///< The user's Python stack.
  bool disk = false;        ///< How fast the model's file system reads.
  bool backends = false;    ///< Which backends are not there.
  std::vector<ModeOnBackend> trials;
};

/// Of no requirements: everything. "stored" in a mode's requirement is `stored_mode`, if there is
/// one.
Needs needs_of(std::span<const Requirement> requirements, const std::string& stored_mode);

}  // namespace nety::diag
