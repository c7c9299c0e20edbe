// Place and spread of samples that outliers do not move, and the normal distribution's quantiles.
#pragma once

#include <span>
#include <vector>

namespace nety::results {

/// Of at least one value.
double median_of(std::vector<double> values);

/// The value below which a standard normal variable is with probability `p`.
double normal_quantile(double p);

/// The spread around `median`: the median absolute deviation, scaled to a standard deviation and
/// corrected for few samples (Croux & Rousseeuw 1992).
double robust_sd(std::span<const double> values, double median);

}  // namespace nety::results
