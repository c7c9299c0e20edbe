// q5_1: 32 weights of 5 bits with an fp16 scale and minimum: w = d * code + m.
#include "core/precision/gguf_mode.h"
#include "core/precision/layout.h"

namespace nety::precision {
namespace {

void decode(const std::byte* block, DecodedBlock& out) {
  out.d = fp16_at(block + Q5_1::kScale);
  out.dmin = -fp16_at(block + Q5_1::kMin);
  out.scales[0] = 1;
  out.mins[0] = 1;
  unpack_nibbles(block + Q5_1::kCodes, out.codes.data());
  add_fifth_bits(block + Q5_1::kHigh, out.codes.data());
}

constexpr GgufFormat kFormat{.weights = kBlock,
                             .group = 32,
                             .bytes = Q5_1::kBytes,
                             .has_min = true,
                             .decode = decode,
                             .set_scale = set_fp16_scale_and_min<Q5_1, -31>};

}  // namespace

extern const ModeFunctions k_q5_1;
const ModeFunctions k_q5_1 = gguf_mode<kFormat>();

}  // namespace nety::precision
