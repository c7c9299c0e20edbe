// A calibration for a machine that is not at hand: its walls, as nety diag measured them there, and
// the shares that modes reach here.
#pragma once

#include <optional>

#include "core/measure/calibration.h"
#include "core/results/results.h"

namespace nety::policy {

/// From a result file with findings (nety diag --json). Modes that were calibrated here keep their
/// shares of the walls, if `here` is given; all others get usual ones. Error: kUsage for a file
/// without a machine, or whose memory was not measured; `source` names it.
measure::Calibration calibration_of(const results::File& file, const std::string& source,
                                    const measure::Calibration* here);

}  // namespace nety::policy
