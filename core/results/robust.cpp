#include "core/results/robust.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace nety::results {
namespace {

constexpr double kNormalMad = 1.4826;  // sd of a normal distribution over its MAD
constexpr int kBisections = 40;

}  // namespace

double median_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

double normal_quantile(double p) {
  double low = -40, high = 40;
  for (int i = 0; i < kBisections; ++i) {
    const double middle = (low + high) / 2;
    (std::erfc(-middle / std::numbers::sqrt2) / 2 < p ? low : high) = middle;
  }
  return (low + high) / 2;
}

double robust_sd(std::span<const double> values, double median) {
  std::vector<double> deviations;
  for (const double value : values) deviations.push_back(std::fabs(value - median));
  const auto n = static_cast<double>(values.size());
  return kNormalMad * n / std::max(n - 0.8, 1.0) * median_of(std::move(deviations));
}

}  // namespace nety::results
