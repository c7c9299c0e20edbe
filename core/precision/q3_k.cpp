// q3_k: 256 weights of 3 bits, 6-bit scales per 16: w = d * (scale - 32) * code.
#include "core/precision/gguf_mode.h"
#include "core/precision/layout.h"

namespace nety::precision {

void decode_q3_k(const std::byte* block, DecodedBlock& out) {
  out.d = fp16_at(block + Q3K::kScale);
  for (size_t g = 0; g < 16; ++g) {
    const int nibbles = std::to_integer<int>(block[Q3K::kScales + g % 8]);
    const int low = g < 8 ? nibbles & 15 : nibbles >> 4;
    const int upper = std::to_integer<int>(block[Q3K::kScales + 8 + g % 4]) >> (2 * (g / 4)) & 3;
    out.scales[g] = static_cast<int16_t>((low | upper << 4) - 32);
  }
  unpack_2_bits(block + Q3K::kCodes, out.codes.data());
  for (size_t k = 0; k < kSuperBlock; ++k) {
    const int high = std::to_integer<int>(block[Q3K::kHigh + k % 32]) >> (k / 32) & 1;
    out.codes[k] = static_cast<int8_t>(out.codes[k] - (high == 0 ? 4 : 0));
  }
}

namespace {

constexpr GgufFormat kFormat{.weights = kSuperBlock,
                             .group = 16,
                             .bytes = Q3K::kBytes,
                             .has_min = false,
                             .decode = decode_q3_k,
                             .set_scale = set_fp16_scale<Q3K>};

}  // namespace

extern const ModeFunctions k_q3_k;
const ModeFunctions k_q3_k = gguf_mode<kFormat>();

}  // namespace nety::precision
