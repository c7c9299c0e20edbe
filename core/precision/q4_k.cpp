// q4_k: 256 weights of 4 bits, 6-bit scales and mins per 32: w = d * scale * code - dmin * min.
#include "core/precision/gguf_mode.h"
#include "core/precision/layout.h"

namespace nety::precision {
namespace {

void decode(const std::byte* block, DecodedBlock& out) {
  out.d = fp16_at(block + Q4K::kScale);
  out.dmin = fp16_at(block + Q4K::kMin);
  unpack_scales_and_mins(block + Q4K::kScales, out);
  unpack_chunked_nibbles(block + Q4K::kCodes, out.codes.data());
}

constexpr GgufFormat kFormat{.weights = kSuperBlock,
                             .group = 32,
                             .bytes = Q4K::kBytes,
                             .has_min = true,
                             .decode = decode,
                             .set_scale = set_fp16_scale_and_min<Q4K, 15>};

}  // namespace

extern const ModeFunctions k_q4_k;
const ModeFunctions k_q4_k = gguf_mode<kFormat>();

}  // namespace nety::precision
