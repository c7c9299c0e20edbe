// Several result files as one: a fleet.
#pragma once

#include "core/results/results.h"

namespace nety::results {

/// Adds `other` to `file`: machines and models by id, rows and comparisons all. Findings and the
/// decision stay those of the first file.
void merge(File& file, const File& other);

}  // namespace nety::results
