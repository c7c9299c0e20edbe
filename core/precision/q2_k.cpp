// q2_k: 256 weights of 2 bits, 4-bit scales and mins per 16: w = d * scale * code - dmin * min.
#include "core/precision/gguf_mode.h"
#include "core/precision/layout.h"

namespace nety::precision {

void decode_q2_k(const std::byte* block, DecodedBlock& out) {
  out.d = fp16_at(block + Q2K::kScale);
  out.dmin = fp16_at(block + Q2K::kMin);
  for (size_t g = 0; g < 16; ++g) {
    const int packed = std::to_integer<int>(block[Q2K::kScales + g]);
    out.scales[g] = static_cast<int16_t>(packed & 15);
    out.mins[g] = static_cast<int16_t>(packed >> 4);
  }
  unpack_2_bits(block + Q2K::kCodes, out.codes.data());
}

namespace {

constexpr GgufFormat kFormat{.weights = kSuperBlock,
                             .group = 16,
                             .bytes = Q2K::kBytes,
                             .has_min = true,
                             .decode = decode_q2_k,
                             .set_scale = set_fp16_scale_and_min<Q2K, 3>};

}  // namespace

extern const ModeFunctions k_q2_k;
const ModeFunctions k_q2_k = gguf_mode<kFormat>();

}  // namespace nety::precision
