// Division of whole numbers.
#pragma once

#include <cstdint>

namespace nety {

/// The least whole number that is not below value / by, of numbers that are not negative.
constexpr int64_t divide_up(int64_t value, int64_t by) { return (value + by - 1) / by; }

}  // namespace nety
