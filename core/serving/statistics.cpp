#include "core/serving/statistics.h"

#include <algorithm>

namespace nety::serving {

void Histogram::add(double value) {
  const auto bucket = std::ranges::lower_bound(bounds_, value) - bounds_.begin();
  ++counts_.at(static_cast<size_t>(bucket));
  ++total_;
  sum_ += value;
}

}  // namespace nety::serving
