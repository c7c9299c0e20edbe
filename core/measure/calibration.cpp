#include "core/measure/calibration.h"

#include <algorithm>
#include <cmath>

namespace nety::measure {

Spread spread_of(std::vector<double> samples) {
  if (samples.empty()) return {};
  std::ranges::sort(samples);
  const auto at = [&](double share) {
    const double place = share * static_cast<double>(samples.size() - 1);
    const auto low = static_cast<size_t>(place);
    const size_t high = std::min(low + 1, samples.size() - 1);
    return samples[low] + (samples[high] - samples[low]) * (place - static_cast<double>(low));
  };
  return {at(0.5), at(0.05), at(0.95)};
}

const ModeCost* Calibration::find(std::string_view mode) const {
  const auto found = std::ranges::find(modes, mode, &ModeCost::mode);
  return found == modes.end() ? nullptr : &*found;
}

Spread Calibration::read_rate(uint64_t bytes) const {
  const ReadRate *below = nullptr, *above = nullptr;
  for (const ReadRate& read : reads) {
    if (read.threads != threads) continue;
    if (read.bytes <= bytes && (below == nullptr || read.bytes > below->bytes)) below = &read;
    if (read.bytes >= bytes && (above == nullptr || read.bytes < above->bytes)) above = &read;
  }
  if (below == nullptr && above == nullptr) return {};
  if (below == nullptr || above == nullptr || below->bytes == above->bytes)
    return (below != nullptr ? below : above)->bytes_per_s;
  const auto log_of = [](uint64_t n) {
    return std::log(static_cast<double>(std::max<uint64_t>(n, 1)));
  };
  const double share =
      (log_of(bytes) - log_of(below->bytes)) / (log_of(above->bytes) - log_of(below->bytes));
  const auto between = [share](double a, double b) { return a + (b - a) * share; };
  const Spread &a = below->bytes_per_s, &b = above->bytes_per_s;
  return {between(a.median, b.median), between(a.low, b.low), between(a.high, b.high)};
}

}  // namespace nety::measure
