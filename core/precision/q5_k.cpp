// q5_k: 256 weights of 5 bits, 6-bit scales and mins per 32: w = d * scale * code - dmin * min.
#include "core/precision/gguf_mode.h"
#include "core/precision/layout.h"

namespace nety::precision {
namespace {

void decode(const std::byte* block, DecodedBlock& out) {
  out.d = fp16_at(block + Q5K::kScale);
  out.dmin = fp16_at(block + Q5K::kMin);
  unpack_scales_and_mins(block + Q5K::kScales, out);
  unpack_chunked_nibbles(block + Q5K::kCodes, out.codes.data());
  for (size_t k = 0; k < kSuperBlock; ++k) {
    const int high = std::to_integer<int>(block[Q5K::kHigh + k % 32]) >> (k / 32) & 1;
    out.codes[k] = static_cast<int8_t>(out.codes[k] + 16 * high);
  }
}

constexpr GgufFormat kFormat{.weights = kSuperBlock,
                             .group = 32,
                             .bytes = Q5K::kBytes,
                             .has_min = true,
                             .decode = decode,
                             .set_scale = set_fp16_scale_and_min<Q5K, 31>};

}  // namespace

extern const ModeFunctions k_q5_k;
const ModeFunctions k_q5_k = gguf_mode<kFormat>();

}  // namespace nety::precision
