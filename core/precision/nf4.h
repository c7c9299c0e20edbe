// The NF4 codes: quantiles of a normal distribution, ascending.
#pragma once

#include "core/precision/codebooks.h"
#include "core/precision/four_bit_book.h"

namespace nety::precision {

inline constexpr FourBitBook kNf4Book =
    make_four_bit_book(kNf4, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15});

}  // namespace nety::precision
