// A diagnosis as one screen of text: the verdict first, then the modes, then what was found, worst
// first.
#pragma once

#include <string>

#include "core/base/messages.h"
#include "diag/examine.h"

namespace nety::diag {

struct ScreenOptions {
  std::string title;  ///< "NETY 0.1.0  diag"
  Language language = Language::kEnglish;
  bool colours = false;  ///< On a terminal only.
  bool all = false;      ///< -v: also what is fine, and where it was read.
  size_t width = 100;
};

std::string screen(const Diagnosis& diagnosis, const ScreenOptions& options);

}  // namespace nety::diag
