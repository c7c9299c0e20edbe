// What the packing cells share (packed.h has the layout).
#pragma once

#include <cstring>

#include "core/kernels/packed.h"
#include "core/precision/gguf_block.h"
#include "core/precision/layout.h"

namespace nety::kernels {
namespace {

/// `count` dwords of row `r`, sixteen dwords apart.
inline void scatter(const std::byte* in, int64_t count, int64_t r, std::byte* out) {
  for (int64_t i = 0; i < count; ++i) std::memcpy(out + 64 * i + 4 * r, in + 4 * i, 4);
}

/// Four bits of row `r` into each of eight masks of 64 bits, from the 32 bits of eight quads.
inline void scatter_bits(uint32_t bits, int64_t r, std::byte* out) {
  for (int64_t q = 0; q < 8; ++q) {
    const uint32_t four = bits >> (4 * q) & 15U;
    out[8 * q + r / 2] |= static_cast<std::byte>(r % 2 == 0 ? four : four << 4);
  }
}

template <class File, const PackedSmall& format>
inline void pack_small(const std::byte* const* rows, int64_t blocks, std::byte* out) {
  for (int64_t b = 0; b < blocks; ++b, out += format.bytes()) {
    if constexpr (format.has_fifth) std::memset(out + format.fifth(), 0, 64);
    for (int64_t r = 0; r < kPackRows; ++r) {
      const std::byte* block = rows[r] + b * File::kBytes;
      std::memcpy(out + 2 * r, block + File::kScale, 2);
      if constexpr (format.has_min) std::memcpy(out + format.min() + 2 * r, block + File::kMin, 2);
      if constexpr (format.has_fifth) {
        uint32_t bits;
        std::memcpy(&bits, block + File::kHigh, sizeof(bits));
        scatter_bits(bits, r, out + format.fifth());
      }
      if constexpr (format.wide) {
        for (int64_t q = 0; q < 8; ++q) {
          uint32_t four;
          std::memcpy(&four, block + File::kCodes + 4 * q, sizeof(four));
          four ^= 0x80808080U;
          std::memcpy(out + format.codes() + 64 * q + 4 * r, &four, sizeof(four));
        }
      } else {
        scatter(block + File::kCodes, 4, r, out + format.codes());
      }
    }
  }
}

template <class File, const PackedNarrow& format,
          void (*decode)(const std::byte*, precision::DecodedBlock&)>
inline void pack_narrow(const std::byte* const* rows, int64_t blocks, std::byte* out) {
  precision::DecodedBlock block;
  for (int64_t b = 0; b < blocks; ++b, out += format.bytes())
    for (int64_t r = 0; r < kPackRows; ++r) {
      const std::byte* in = rows[r] + b * File::kBytes;
      decode(in, block);
      std::memcpy(out + 2 * r, in + File::kScale, 2);
      if constexpr (format.has_min)
        std::memcpy(out + PackedNarrow::kMin + 2 * r, in + File::kMin, 2);
      for (int64_t g = 0; g < 16; ++g) {
        std::byte* chunk = out + format.chunk(g % 8);
        const auto at = static_cast<size_t>(g);
        chunk[PackedNarrow::kScales + g / 8 * 16 + r] = static_cast<std::byte>(block.scales[at]);
        if constexpr (format.has_min)
          chunk[PackedNarrow::kMins + 2 * r + g / 8] = static_cast<std::byte>(block.mins[at]);
      }
      for (int64_t k = 0; k < 128; ++k) {
        const auto at = static_cast<size_t>(k);
        const int low = block.codes[at] + format.offset;
        const int high = block.codes[at + 128] + format.offset;
        out[format.chunk(k / 16) + format.codes() + k % 16 / 4 * 64 + 4 * r + k % 4] =
            static_cast<std::byte>(low | high << 4);
      }
    }
}

template <class File, const PackedK& format>
inline void pack_k(const std::byte* const* rows, int64_t blocks, std::byte* out) {
  precision::DecodedBlock decoded;
  for (int64_t b = 0; b < blocks; ++b, out += format.bytes()) {
    if constexpr (format.has_fifth)
      for (int64_t c = 0; c < 4; ++c) std::memset(out + format.chunk(c) + PackedK::kFifth, 0, 128);
    for (int64_t r = 0; r < kPackRows; ++r) {
      const std::byte* block = rows[r] + b * File::kBytes;
      std::memcpy(out + 2 * r, block + File::kScale, 2);
      std::memcpy(out + PackedK::kMin + 2 * r, block + File::kMin, 2);
      precision::unpack_scales_and_mins(block + File::kScales, decoded);
      for (int64_t g = 0; g < 8; ++g) {
        std::byte* chunk = out + format.chunk(g / 2);
        const auto at = static_cast<size_t>(g);
        chunk[PackedK::kScales + g % 2 * 16 + r] = static_cast<std::byte>(decoded.scales[at]);
        chunk[PackedK::kMins + 2 * r + g % 2] = static_cast<std::byte>(decoded.mins[at]);
        if constexpr (format.has_fifth) {
          uint32_t bits = 0;  // bit g of each of 32 bytes
          for (int64_t l = 0; l < 32; ++l)
            bits |= (std::to_integer<uint32_t>(block[File::kHigh + l]) >> g & 1U) << l;
          scatter_bits(bits, r, chunk + PackedK::kFifth + g % 2 * 64);
        }
      }
      for (int64_t c = 0; c < 4; ++c)
        scatter(block + File::kCodes + 32 * c, 8, r, out + format.chunk(c) + format.codes());
    }
  }
}

}  // namespace
}  // namespace nety::kernels
