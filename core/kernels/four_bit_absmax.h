// The absmax of 4-bit weights by groups of 64 columns, for the cells that take rows as they are
// stored: a block is one such group or several.
#pragma once

#include <cstdint>

#include "core/precision/matrix_view.h"

namespace nety::kernels {
namespace {

/// Blocks of one group, the usual ones; of several groups, a power of two; and these with nested
/// scales.
enum class Blocks : uint8_t { kOfOne, kOfMany, kNested };

/// What precision::four_bit_absmax() has, without divisions.
template <Blocks blocks>
struct Absmax {
  const float* scales;
  const uint8_t* codes;
  const float* map;
  float offset;
  int shift, nested_shift;

  static inline Absmax of(const precision::MatrixView& w) {
    return {w.scales,
            w.nested_codes,
            w.nested_map,
            w.nested_offset,
            __builtin_ctz(static_cast<unsigned>(w.block)) - 6,
            blocks == Blocks::kNested ? __builtin_ctz(static_cast<unsigned>(w.nested_block)) : 0};
  }
  /// Of the 64 weights from 64 * group on, counted through the whole matrix.
  inline float at(int64_t group) const {
    if constexpr (blocks == Blocks::kOfOne) return scales[group];
    const int64_t index = group >> shift;
    if constexpr (blocks == Blocks::kOfMany) return scales[index];
    const float product = map[codes[index]] * scales[index >> nested_shift];
    return product + offset;
  }
};

}  // namespace
}  // namespace nety::kernels
