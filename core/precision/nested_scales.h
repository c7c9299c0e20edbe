// Double quantization: the absmax values of a 4-bit matrix, themselves stored in 8 bits.
//
// offset = mean of the absmax values; absmax - offset is quantised in blocks of 256 with the
// dynamic map (codebooks.h) and one fp32 nested absmax per block. Read back, all fp32:
//   absmax[i] = map[code[i]] * nested_absmax[i / 256] + offset
#pragma once

#include <cstdint>
#include <span>

#include "core/precision/mode.h"

namespace nety::precision {

/// Codes per nested absmax.
inline constexpr int32_t kNestedBlock = 256;

/// The mean as torch computes it, bit for bit up to 32,768 values (its sum has eight fp32 lanes,
/// four accumulators each and four levels, and one thread up to there). Beyond that torch's last
/// bit depends on its thread count: this is then the fp64 mean, rounded.
float nested_offset(std::span<const float> absmax);

/// The dynamic-map codes of one block of at most kNestedBlock values: codes [values.size()].
/// Returns its nested absmax. bitsandbytes on a CPU finds codes through 65,536 equal bins over
/// [-1, 1]; so does this, to make the same files. A block of zeros has absmax 0 and codes 0.
float quantise_nested_block(std::span<const float> values, uint8_t* codes);

/// Replaces the fp32 scales of a finished 4-bit matrix by nested ones.
void nest_scales(Matrix& matrix);

}  // namespace nety::precision
