// Sixteen rows side by side (packed.h has the layout), by the three shapes that blocks have.
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

/// Whether the fp16 there is a finite number.
inline bool is_finite(const std::byte* half) {
  return (precision::uint16_at(half) & 0x7c00U) != 0x7c00U;
}

/// E8M0's code of no number (OCP MX 1.0); as an exponent it would be beyond fp32.
constexpr std::byte kNoExponent{0xff};

/// The first block of a panel whose factors are not all finite, as PackKernel returns it.
class BadBlock {
 public:
  void check(bool finite, int64_t block, int64_t row) {
    if (!finite && found_ == 0) found_ = -1 - (block * kPackRows + row);
  }
  int64_t or_bytes(int64_t bytes) const { return found_ < 0 ? found_ : bytes; }

 private:
  int64_t found_ = 0;
};

/// 2^(exponent - 128) as bf16, the exponent in one byte.
inline void put_bf16_power(const std::byte* exponent, std::byte* out) {
  const auto bits = std::to_integer<unsigned>(*exponent);
  const auto power = static_cast<uint16_t>(bits < 2 ? 0x20U << bits : (bits - 1) << 7);
  std::memcpy(out, &power, sizeof(power));
}

template <class File, const PackedSmall& format>
inline int64_t pack_small(const std::byte* const* rows, int64_t blocks, std::byte* out) {
  const int64_t bytes = blocks * format.bytes();
  if (out == nullptr) return bytes;
  BadBlock bad;
  for (int64_t b = 0; b < blocks; ++b, out += format.bytes()) {
    if constexpr (format.has_fifth) std::memset(out + format.fifth(), 0, 64);
    for (int64_t r = 0; r < kPackRows; ++r) {
      const std::byte* block = rows[r] + b * File::kBytes;
      if constexpr (format.bf16) {
        bad.check(block[File::kExponent] != kNoExponent, b, r);
        put_bf16_power(block + File::kExponent, out + 2 * r);
      } else {
        bad.check(is_finite(block + File::kScale), b, r);
        std::memcpy(out + 2 * r, block + File::kScale, 2);
      }
      if constexpr (format.has_min) {
        bad.check(is_finite(block + File::kMin), b, r);
        std::memcpy(out + format.min() + 2 * r, block + File::kMin, 2);
      }
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
  return bad.or_bytes(bytes);
}

template <class File, const PackedNarrow& format,
          void (*decode)(const std::byte*, precision::DecodedBlock&)>
inline int64_t pack_narrow(const std::byte* const* rows, int64_t blocks, std::byte* out) {
  const int64_t bytes = blocks * format.bytes();
  if (out == nullptr) return bytes;
  precision::DecodedBlock block;
  BadBlock bad;
  for (int64_t b = 0; b < blocks; ++b, out += format.bytes())
    for (int64_t r = 0; r < kPackRows; ++r) {
      const std::byte* in = rows[r] + b * File::kBytes;
      decode(in, block);
      bad.check(is_finite(in + File::kScale), b, r);
      std::memcpy(out + 2 * r, in + File::kScale, 2);
      if constexpr (format.has_min) {
        bad.check(is_finite(in + File::kMin), b, r);
        std::memcpy(out + PackedNarrow::kMin + 2 * r, in + File::kMin, 2);
      }
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
  return bad.or_bytes(bytes);
}

/// The index of each value, by its bits.
constexpr std::array<uint8_t, 256> indices_of(const std::array<int8_t, 16>& values) {
  std::array<uint8_t, 256> out{};
  for (size_t i = 0; i < 16; ++i) out[static_cast<uint8_t>(values[i])] = static_cast<uint8_t>(i);
  return out;
}

template <class File, const PackedTable& format,
          void (*decode)(const std::byte*, precision::DecodedBlock&)>
inline int64_t pack_table(const std::byte* const* rows, int64_t blocks, std::byte* out) {
  static constexpr std::array<uint8_t, 256> kIndices = indices_of(format.values);
  const int64_t bytes = blocks * format.bytes();
  if (out == nullptr) return bytes;
  precision::DecodedBlock block;
  BadBlock bad;
  for (int64_t b = 0; b < blocks; ++b, out += format.bytes())
    for (int64_t r = 0; r < kPackRows; ++r) {
      const std::byte* in = rows[r] + b * File::kBytes;
      decode(in, block);
      bad.check(is_finite(in + File::kScale), b, r);
      std::memcpy(out + 2 * r, in + File::kScale, 2);
      for (int64_t c = 0; c < 4; ++c) {
        std::byte* chunk = out + format.chunk(c);
        const auto group = static_cast<size_t>(2 * c);
        chunk[PackedTable::kScales + r] = static_cast<std::byte>(block.scales[group]);
        chunk[PackedTable::kScales + 16 + r] = static_cast<std::byte>(block.scales[group + 1]);
        const int8_t* codes = block.codes.data() + 64 * c;
        for (int64_t k = 0; k < 32; ++k) {
          const unsigned low = kIndices[static_cast<uint8_t>(codes[k])];
          const unsigned high = kIndices[static_cast<uint8_t>(codes[k + 32])];
          chunk[PackedTable::kCodes + k / 4 * 64 + 4 * r + k % 4] =
              static_cast<std::byte>(low | high << 4);
        }
      }
    }
  return bad.or_bytes(bytes);
}

template <class File, const PackedK& format>
inline int64_t pack_k(const std::byte* const* rows, int64_t blocks, std::byte* out) {
  const int64_t bytes = blocks * format.bytes();
  if (out == nullptr) return bytes;
  precision::DecodedBlock decoded;
  BadBlock bad;
  for (int64_t b = 0; b < blocks; ++b, out += format.bytes()) {
    if constexpr (format.has_fifth)
      for (int64_t c = 0; c < 4; ++c) std::memset(out + format.chunk(c) + PackedK::kFifth, 0, 128);
    for (int64_t r = 0; r < kPackRows; ++r) {
      const std::byte* block = rows[r] + b * File::kBytes;
      bad.check(is_finite(block + File::kScale) && is_finite(block + File::kMin), b, r);
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
  return bad.or_bytes(bytes);
}

}  // namespace

int64_t pack_q8_0_scalar(const std::byte* const* rows, int64_t blocks, std::byte* out) {
  return pack_small<precision::Q8_0, kPackedQ8_0>(rows, blocks, out);
}

int64_t pack_q4_0_scalar(const std::byte* const* rows, int64_t blocks, std::byte* out) {
  return pack_small<precision::Q4_0, kPackedQ4_0>(rows, blocks, out);
}

int64_t pack_q4_1_scalar(const std::byte* const* rows, int64_t blocks, std::byte* out) {
  return pack_small<precision::Q4_1, kPackedQ4_1>(rows, blocks, out);
}

int64_t pack_q5_0_scalar(const std::byte* const* rows, int64_t blocks, std::byte* out) {
  return pack_small<precision::Q5_0, kPackedQ5_0>(rows, blocks, out);
}

int64_t pack_q5_1_scalar(const std::byte* const* rows, int64_t blocks, std::byte* out) {
  return pack_small<precision::Q5_1, kPackedQ5_1>(rows, blocks, out);
}

int64_t pack_mxfp4_scalar(const std::byte* const* rows, int64_t blocks, std::byte* out) {
  return pack_small<precision::Mxfp4, kPackedMxfp4>(rows, blocks, out);
}

int64_t pack_iq4_xs_scalar(const std::byte* const* rows, int64_t blocks, std::byte* out) {
  return pack_table<precision::Iq4Xs, kPackedIq4Xs, precision::decode_iq4_xs>(rows, blocks, out);
}

int64_t pack_iq3_s_scalar(const std::byte* const* rows, int64_t blocks, std::byte* out) {
  return pack_table<precision::Iq3S, kPackedIq3S, precision::decode_iq3_s>(rows, blocks, out);
}

int64_t pack_iq3_xxs_scalar(const std::byte* const* rows, int64_t blocks, std::byte* out) {
  return pack_table<precision::Iq3Xxs, kPackedIq3Xxs, precision::decode_iq3_xxs>(rows, blocks, out);
}

int64_t pack_q2_k_scalar(const std::byte* const* rows, int64_t blocks, std::byte* out) {
  return pack_narrow<precision::Q2K, kPackedQ2K, precision::decode_q2_k>(rows, blocks, out);
}

int64_t pack_q3_k_scalar(const std::byte* const* rows, int64_t blocks, std::byte* out) {
  return pack_narrow<precision::Q3K, kPackedQ3K, precision::decode_q3_k>(rows, blocks, out);
}

int64_t pack_q4_k_scalar(const std::byte* const* rows, int64_t blocks, std::byte* out) {
  return pack_k<precision::Q4K, kPackedQ4K>(rows, blocks, out);
}

int64_t pack_q5_k_scalar(const std::byte* const* rows, int64_t blocks, std::byte* out) {
  return pack_k<precision::Q5K, kPackedQ5K>(rows, blocks, out);
}

int64_t pack_q6_k_scalar(const std::byte* const* rows, int64_t blocks, std::byte* out) {
  using precision::Q6K;
  const int64_t bytes = blocks * PackedQ6K::kBytes;
  if (out == nullptr) return bytes;
  BadBlock bad;
  for (int64_t b = 0; b < blocks; ++b, out += PackedQ6K::kBytes)
    for (int64_t r = 0; r < kPackRows; ++r) {
      const std::byte* block = rows[r] + b * Q6K::kBytes;
      bad.check(is_finite(block + Q6K::kScale), b, r);
      std::memcpy(out + 2 * r, block + Q6K::kScale, 2);
      for (int64_t g = 0; g < 16; ++g)
        out[PackedQ6K::kScales + 16 * g + r] = block[Q6K::kScales + g];
      for (int64_t half = 0; half < 2; ++half)
        for (int64_t q = 0; q < 8; ++q) {
          std::byte* to =
              out + PackedQ6K::kCodes + half * PackedQ6K::kHalf + q * PackedQ6K::kQuad + 4 * r;
          const std::byte* low = block + Q6K::kCodes + 64 * half + 4 * q;
          std::memcpy(to, low, 4);
          std::memcpy(to + 64, low + 32, 4);
          std::memcpy(to + 128, block + Q6K::kHigh + 32 * half + 4 * q, 4);
        }
    }
  return bad.or_bytes(bytes);
}

}  // namespace nety::kernels
