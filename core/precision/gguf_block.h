// Blocks of the GGUF formats, unpacked: weights with small integers, integer scales per group and
// one or two fp16 factors per block.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/precision/activation.h"
#include "core/precision/matrix_view.h"

namespace nety::precision {

/// One block, its integers unpacked. Formats fill only the first `weights` codes and
/// `weights / group` scales and mins.
struct DecodedBlock {
  float d = 0;
  float dmin = 0;  ///< Stays 0 in formats without a minimum; -m where the format adds m.
  std::array<int8_t, kSuperBlock> codes;
  std::array<int16_t, kSuperBlock / 16> scales;
  std::array<int16_t, kSuperBlock / 16> mins;  ///< Not read where dmin is absent.
};

/// fp16 at `bytes`, as a float.
float fp16_at(const std::byte* bytes);
void put_fp16(std::byte* bytes, float value);
/// Little-endian integers at `bytes`.
inline unsigned uint16_at(const std::byte* bytes) {
  return std::to_integer<unsigned>(bytes[0]) | std::to_integer<unsigned>(bytes[1]) << 8;
}
inline uint32_t uint32_at(const std::byte* bytes) {
  return uint16_at(bytes) | static_cast<uint32_t>(uint16_at(bytes + 2)) << 16;
}
/// Nibble `i` of the bytes, low ones first.
inline int nibble_at(const std::byte* bytes, size_t i) {
  return std::to_integer<int>(bytes[i / 2]) >> (4 * (i % 2)) & 15;
}

/// Weight j from the low nibble of byte j, weight j + 16 from its high nibble: codes [32].
void unpack_nibbles(const std::byte* bytes, int8_t* codes);

/// Adds 16 to codes [32] whose bit is set in the little-endian uint32 at `bytes`.
void add_fifth_bits(const std::byte* bytes, int8_t* codes);

/// The 2-bit codes of q2_k and q3_k: 64 bytes to codes [256].
void unpack_2_bits(const std::byte* bytes, int8_t* codes);

/// The nibbles of q4_k and q5_k: 128 bytes to codes [256].
void unpack_chunked_nibbles(const std::byte* bytes, int8_t* codes);

/// The 6-bit scales and mins of q4_k and q5_k: 12 bytes to scales [8] and mins [8].
void unpack_scales_and_mins(const std::byte* bytes, DecodedBlock& out);

/// A row of mxfp4 whose exponents lie apart (MatrixView::exponents) as blocks of GGUF.
void join_mxfp4(const MatrixView& matrix, int64_t row, std::byte* out);

/// One block of the formats that kernels pack by what is decoded.
void decode_q2_k(const std::byte* block, DecodedBlock& out);
void decode_q3_k(const std::byte* block, DecodedBlock& out);
void decode_iq4_xs(const std::byte* block, DecodedBlock& out);
void decode_iq3_s(const std::byte* block, DecodedBlock& out);
void decode_iq3_xxs(const std::byte* block, DecodedBlock& out);

}  // namespace nety::precision
