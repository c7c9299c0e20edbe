// Packed weights and products with them: sixteen rows are interleaved block by block, so that one
// vector load feeds one instruction with lane = row and each thread reads a single forward stream.
// Made at load from the rows of a GGUF file; the integers and scales stay those of the file.
//
// A panel holds rows 16 p to 16 p + 15; the last one is padded with rows of zero bytes, which
// decode to zeros. Within a panel, per block along the columns, in this order:
//   32-weight formats   scale fp16[16] (mxfp4: bf16); minimum fp16[16] (q4_1, q5_1); fifth bits;
//                       codes
//     q8_0              codes + 128 as uint8 [8 quads][16 rows][4]
//     others            nibbles as in the file, uint8 [4][16 rows][4]: low nibbles are quads 0-3,
//                       high ones quads 4-7
//     fifth bits        uint64 [8 quads]: bit 4 r + i belongs to row r, weight 4 quad + i
//   256-weight formats  d fp16[16]; dmin fp16[16] (q2_k, q4_k, q5_k); scales and mins; high bits;
//                       codes
//     q2_k, q3_k        8 chunks, read in one stream, each of groups chunk and chunk + 8:
//                       scales int8 [2][16 rows]; mins uint8 [16 rows][2] (q2_k);
//                       codes (q3_k: code + 4) as nibbles, uint8 [4 quads][16 rows][4], low ones
//                       of the first group. Two and three bits take four, for bytes are multiplied
//     q4_k, q5_k        4 chunks, each of groups 2 chunk and 2 chunk + 1:
//                       scales uint8 [2][16 rows]; mins uint8 [16 rows][2];
//                       fifth bits uint64 [2][8 quads] (q5_k);
//                       nibbles uint8 [8 quads][16 rows][4], low ones of the first group
//     iq4_xs, iq3_s, iq3_xxs
//                       4 chunks, each of groups 2 chunk and 2 chunk + 1: scales int8 [2][16 rows];
//                       nibbles as those of q4_k, indices of the format's 16 values. A sign and
//                       three bits of magnitude are four
//     q6_k              scales int8 [16 groups][16 rows]; bits uint8 [2 halves][8 quads][3][16
//                       rows][4]: low bits of quad q and of quad q + 8 of a half, and high bits
//                       of quad q, as in the file
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/kernels/activations.h"
#include "core/precision/grids.h"
#include "core/precision/layout.h"

namespace nety::precision {
enum class ModeId : uint8_t;
}

namespace nety::kernels {

inline constexpr int64_t kPackRows = 16;

/// What the 16 nibbles stand for, `offset` added to make them unsigned.
using NibbleValues = std::array<uint8_t, 16>;
constexpr NibbleValues unsigned_values(const std::array<int8_t, 16>& values, int32_t offset) {
  NibbleValues out{};
  for (size_t i = 0; i < 16; ++i) out[i] = static_cast<uint8_t>(values[i] + offset);
  return out;
}

/// Where things lie in a packed block of a 32-weight format, in bytes.
struct PackedSmall {
  bool has_min, has_fifth;
  bool wide;              ///< 8-bit codes rather than nibbles.
  bool bf16 = false;      ///< The scale is bf16.
  NibbleValues values{};  ///< Unsigned codes of nibbles; if all zero, nibbles are the codes.

  constexpr bool has_values() const { return values[1] != 0; }

  constexpr int64_t min() const { return 32; }
  constexpr int64_t fifth() const { return has_min ? 64 : 32; }
  constexpr int64_t codes() const { return fifth() + (has_fifth ? 64 : 0); }
  constexpr int64_t bytes() const { return codes() + (wide ? 512 : 256); }
};
inline constexpr PackedSmall kPackedQ8_0{false, false, true};
inline constexpr PackedSmall kPackedQ4_0{false, false, false};
inline constexpr PackedSmall kPackedQ4_1{true, false, false};
inline constexpr PackedSmall kPackedQ5_0{false, true, false};
inline constexpr PackedSmall kPackedQ5_1{true, true, false};
inline constexpr int32_t kMxfp4Offset = 12;
inline constexpr PackedSmall kPackedMxfp4{false, false, false, true,
                                          unsigned_values(precision::Mxfp4::kValues, kMxfp4Offset)};

/// The same of q4_k and q5_k.
struct PackedK {
  bool has_fifth;

  static constexpr int64_t kMin = 32;
  constexpr int64_t chunk(int64_t c) const { return 64 + c * chunk_bytes(); }
  constexpr int64_t chunk_bytes() const { return codes() + 512; }
  /// Within a chunk.
  static constexpr int64_t kScales = 0, kMins = 32, kFifth = 64;
  constexpr int64_t codes() const { return kFifth + (has_fifth ? 128 : 0); }
  constexpr int64_t bytes() const { return chunk(4); }
};
inline constexpr PackedK kPackedQ4K{false};
inline constexpr PackedK kPackedQ5K{true};

/// The same of q2_k and q3_k.
struct PackedNarrow {
  bool has_min;
  int32_t offset;  ///< Added to codes to make them unsigned.

  static constexpr int64_t kMin = 32;
  constexpr int64_t chunk(int64_t c) const { return (has_min ? 64 : 32) + c * chunk_bytes(); }
  constexpr int64_t chunk_bytes() const { return codes() + 256; }
  /// Within a chunk.
  static constexpr int64_t kScales = 0, kMins = 32;
  constexpr int64_t codes() const { return has_min ? 64 : 32; }
  constexpr int64_t bytes() const { return chunk(8); }
};
inline constexpr PackedNarrow kPackedQ2K{true, 0};
inline constexpr PackedNarrow kPackedQ3K{false, 4};

/// The same of iq4_xs, iq3_s and iq3_xxs: 256 weights, nibbles that are indices of values.
struct PackedTable {
  std::array<int8_t, 16> values;
  int32_t offset;  ///< Added to values to make them unsigned.
  float factor;    ///< Of the fp16 in the file.

  static constexpr int64_t kScales = 0, kCodes = 32;  ///< Within a chunk.
  static constexpr int64_t kChunk = kCodes + 512;
  static constexpr int64_t chunk(int64_t c) { return 32 + c * kChunk; }
  static constexpr int64_t bytes() { return chunk(4); }
};
/// Magnitudes with a sign, in ascending order.
constexpr std::array<int8_t, 16> signed_values(const std::array<int8_t, 8>& magnitudes) {
  std::array<int8_t, 16> out{};
  for (size_t i = 0; i < 8; ++i) {
    out[8 + i] = magnitudes[i];
    out[7 - i] = static_cast<int8_t>(-magnitudes[i]);
  }
  return out;
}
inline constexpr PackedTable kPackedIq4Xs{precision::Iq4Nl::kValues, 128, 1.0F};
inline constexpr PackedTable kPackedIq3S{signed_values(precision::kValuesIq3S), 16, 1.0F};
inline constexpr PackedTable kPackedIq3Xxs{signed_values(precision::kValuesIq3Xxs), 64, 0.25F};

/// Two sums of 16 codes, as 16 bits each of one number: a pair of mins is multiplied by it.
inline int32_t pair_of(int32_t low, int32_t high) {
  return static_cast<int32_t>((static_cast<uint32_t>(low) & 0xffffU) | static_cast<uint32_t>(high)
                                                                           << 16);
}

/// The same of q6_k.
struct PackedQ6K {
  static constexpr int64_t kScales = 32, kCodes = 288, kBytes = 3360;
  static constexpr int64_t kHalf = 1536, kQuad = 192;  ///< Bytes of a half's and of a quad's bits.
};

/// One panel from sixteen rows of `blocks` blocks as the file has them. Returns the panel's bytes,
/// or -1 - (16 b + r) where block b of row r has a factor that is no finite number; writes nothing
/// where `out` is null.
using PackKernel = int64_t (*)(const std::byte* const* rows, int64_t blocks, std::byte* out);

/// y[t*y_stride + r] of `panels` panels of sixteen packed rows, each of `blocks` blocks; y has room
/// for whole panels. The activations are in `small` for 32-weight formats, in `super` for 256. The
/// order of summation depends on the columns alone.
struct PackedProduct {
  const std::byte* w;
  int64_t panels, blocks;
  BlockActivations small;
  SuperActivations super;
  int64_t tokens;
  float* y;
  int64_t y_stride;
};
using PackedKernel = void (*)(const PackedProduct&);

/// Bytes of a packed panel of `cols` columns, and of a packed weight [rows, cols]; 0 for a format
/// that is not packed.
uint64_t packed_panel_bytes(precision::ModeId mode, int64_t cols);
uint64_t packed_bytes(precision::ModeId mode, int64_t rows, int64_t cols);

}  // namespace nety::kernels
