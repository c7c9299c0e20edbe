// The FP4 codes: sign, two bits of exponent, one of mantissa.
#pragma once

#include "core/precision/codebooks.h"
#include "core/precision/four_bit_book.h"

namespace nety::precision {

/// 0 stands before 8, as bitsandbytes on a CPU has it: zero and tiny negative values get code 0,
/// tiny positive ones code 8. Both mean zero; the order only makes files byte-equal.
inline constexpr FourBitBook kFp4Book =
    make_four_bit_book(kFp4, {11, 10, 13, 12, 15, 14, 9, 0, 8, 1, 6, 7, 4, 5, 2, 3});

}  // namespace nety::precision
