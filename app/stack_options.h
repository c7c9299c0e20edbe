// What diag asks of the user's Python stack: its options, and its findings with a line of progress.
#pragma once

#include <string>
#include <vector>

#include "app/command.h"
#include "core/checkpoint/checkpoint.h"
#include "diag/examine.h"

namespace nety::app {

struct StackOptions {
  std::vector<std::string> pythons;

  void declare(Arguments& arguments);
  /// Adds the findings about the stack, and about `checkpoint` (may be null) in its 8-bit call.
  /// `quick`: versions only; nothing is imported.
  void examine(diag::Diagnosis& diagnosis, const checkpoint::Checkpoint* checkpoint, bool quick,
               const Context& context) const;
};

}  // namespace nety::app
