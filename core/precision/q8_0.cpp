// q8_0: 32 weights as int8 with one fp16 scale: w = d * code.
#include <cstring>

#include "core/precision/gguf_mode.h"
#include "core/precision/layout.h"

namespace nety::precision {
namespace {

void decode(const std::byte* block, DecodedBlock& out) {
  out.d = fp16_at(block + Q8_0::kScale);
  out.scales[0] = 1;
  std::memcpy(out.codes.data(), block + Q8_0::kCodes, kBlock);
}

constexpr GgufFormat kFormat{.weights = kBlock,
                             .group = 32,
                             .bytes = Q8_0::kBytes,
                             .has_min = false,
                             .decode = decode,
                             .set_scale = set_fp16_scale<Q8_0>};

}  // namespace

extern const ModeFunctions k_q8_0;
const ModeFunctions k_q8_0 = gguf_mode<kFormat>();

}  // namespace nety::precision
