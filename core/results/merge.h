// Several result files as one: a fleet.
#pragma once

#include "core/results/results.h"

namespace nety::results {

/// Adds `other` to `file`: machines and models by id; rows, comparisons and warnings all. Rows keep
/// apart what was measured side by side (`run`), findings and decisions say whose they are; where
/// both files found or decided the same thing, the first one's stays.
void merge(File& file, const File& other);

}  // namespace nety::results
