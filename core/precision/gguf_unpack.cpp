// How GGUF blocks pack small integers (layout.h says where).
#include "core/base/half.h"
#include "core/precision/gguf_block.h"

namespace nety::precision {

float fp16_at(const std::byte* bytes) {
  return float_from_fp16(static_cast<uint16_t>(uint16_at(bytes)));
}

void put_fp16(std::byte* bytes, float value) {
  const unsigned bits = fp16_from_float(value);
  bytes[0] = static_cast<std::byte>(bits & 255U);
  bytes[1] = static_cast<std::byte>(bits >> 8);
}

void unpack_nibbles(const std::byte* bytes, int8_t* codes) {
  for (int j = 0; j < 16; ++j) {
    codes[j] = static_cast<int8_t>(bytes[j] & std::byte{15});
    codes[j + 16] = static_cast<int8_t>(bytes[j] >> 4);
  }
}

void add_fifth_bits(const std::byte* bytes, int8_t* codes) {
  for (int k = 0; k < kBlock; ++k) {
    const int bit = std::to_integer<int>(bytes[k / 8]) >> (k % 8) & 1;
    codes[k] = static_cast<int8_t>(codes[k] + 16 * bit);
  }
}

void unpack_2_bits(const std::byte* bytes, int8_t* codes) {
  for (int k = 0; k < kSuperBlock; ++k) {
    const int packed = std::to_integer<int>(bytes[32 * (k / 128) + k % 32]);
    codes[k] = static_cast<int8_t>(packed >> (2 * (k % 128 / 32)) & 3);
  }
}

void unpack_chunked_nibbles(const std::byte* bytes, int8_t* codes) {
  for (int k = 0; k < kSuperBlock; ++k) {
    const int packed = std::to_integer<int>(bytes[32 * (k / 64) + k % 32]);
    codes[k] = static_cast<int8_t>(packed >> (4 * (k % 64 / 32)) & 15);
  }
}

void unpack_scales_and_mins(const std::byte* bytes, DecodedBlock& out) {
  const auto at = [bytes](size_t k) { return std::to_integer<int>(bytes[k]); };
  for (size_t g = 0; g < 4; ++g) {
    out.scales[g] = static_cast<int16_t>(at(g) & 63);
    out.mins[g] = static_cast<int16_t>(at(g + 4) & 63);
    out.scales[g + 4] = static_cast<int16_t>((at(g + 8) & 15) | (at(g) >> 6) << 4);
    out.mins[g + 4] = static_cast<int16_t>((at(g + 8) >> 4) | (at(g + 4) >> 6) << 4);
  }
}

}  // namespace nety::precision
