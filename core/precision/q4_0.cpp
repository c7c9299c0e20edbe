// q4_0: 32 weights of 4 bits with one fp16 scale: w = d * (nibble - 8).
#include "core/precision/gguf_mode.h"
#include "core/precision/layout.h"

namespace nety::precision {
namespace {

void decode(const std::byte* block, DecodedBlock& out) {
  out.d = fp16_at(block + Q4_0::kScale);
  out.scales[0] = 1;
  unpack_nibbles(block + Q4_0::kCodes, out.codes.data());
  for (size_t k = 0; k < kBlock; ++k) out.codes[k] = static_cast<int8_t>(out.codes[k] - 8);
}

constexpr GgufFormat kFormat{.weights = kBlock,
                             .group = 32,
                             .bytes = Q4_0::kBytes,
                             .has_min = false,
                             .decode = decode,
                             .set_scale = set_fp16_scale<Q4_0>};

}  // namespace

extern const ModeFunctions k_q4_0;
const ModeFunctions k_q4_0 = gguf_mode<kFormat>();

}  // namespace nety::precision
