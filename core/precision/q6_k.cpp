// q6_k: 256 weights of 6 bits, 8-bit scales per 16: w = d * scale * (code - 32).
#include "core/precision/gguf_mode.h"
#include "core/precision/layout.h"

namespace nety::precision {
namespace {

void decode(const std::byte* block, DecodedBlock& out) {
  out.d = fp16_at(block + Q6K::kScale);
  for (size_t g = 0; g < 16; ++g) out.scales[g] = std::to_integer<int8_t>(block[Q6K::kScales + g]);
  for (size_t k = 0; k < kSuperBlock; ++k) {
    const size_t half = k / 128;
    const size_t quarter = k % 128 / 32;
    const size_t l = k % 32;
    const std::byte pair = block[Q6K::kCodes + 64 * half + 32 * (quarter % 2) + l];
    const int low = std::to_integer<int>(quarter < 2 ? pair & std::byte{15} : pair >> 4);
    const int high = std::to_integer<int>(block[Q6K::kHigh + 32 * half + l]) >> (2 * quarter) & 3;
    out.codes[k] = static_cast<int8_t>((low | high << 4) - 32);
  }
}

constexpr GgufFormat kFormat{.weights = kSuperBlock,
                             .group = 16,
                             .bytes = Q6K::kBytes,
                             .has_min = false,
                             .decode = decode,
                             .set_scale = set_fp16_scale<Q6K>};

}  // namespace

extern const ModeFunctions k_q6_k;
const ModeFunctions k_q6_k = gguf_mode<kFormat>();

}  // namespace nety::precision
