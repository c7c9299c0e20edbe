// Where things lie inside the blocks of the GGUF formats: byte offsets within one block. Numbers
// are little-endian; "fp16" is IEEE binary16. Source: the GGUF format and ggml's block types.
#pragma once

#include <cstdint>

namespace nety::precision {

/// q8_0: 32 weights. w[i] = d * codes[i].
struct Q8_0 {
  static constexpr int32_t kBytes = 34;
  static constexpr int32_t kScale = 0;  ///< fp16 d
  static constexpr int32_t kCodes = 2;  ///< int8 [32]
};

/// q4_0: 32 weights. Byte j holds weight j in its low nibble and weight j + 16 in its high one.
/// w[i] = d * (nibble - 8).
struct Q4_0 {
  static constexpr int32_t kBytes = 18;
  static constexpr int32_t kScale = 0;  ///< fp16 d
  static constexpr int32_t kCodes = 2;  ///< nibbles [16 bytes]
};

/// q4_1: 32 weights, nibbles as in q4_0. w[i] = d * nibble + m.
struct Q4_1 {
  static constexpr int32_t kBytes = 20;
  static constexpr int32_t kScale = 0;  ///< fp16 d
  static constexpr int32_t kMin = 2;    ///< fp16 m
  static constexpr int32_t kCodes = 4;  ///< nibbles [16 bytes]
};

}  // namespace nety::precision
