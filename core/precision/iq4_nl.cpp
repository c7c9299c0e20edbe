// iq4_nl: 32 weights of 4 bits, uneven values, one fp16 scale: w = d * value[nibble].
#include "core/precision/gguf_mode.h"
#include "core/precision/layout.h"

namespace nety::precision {
namespace {

void decode(const std::byte* block, DecodedBlock& out) {
  out.d = fp16_at(block + Iq4Nl::kScale);
  out.scales[0] = 1;
  unpack_nibbles(block + Iq4Nl::kCodes, out.codes.data());
  for (size_t k = 0; k < kBlock; ++k)
    out.codes[k] = Iq4Nl::kValues[static_cast<size_t>(out.codes[k])];
}

constexpr GgufFormat kFormat{.weights = kBlock,
                             .group = 32,
                             .bytes = Iq4Nl::kBytes,
                             .has_min = false,
                             .decode = decode,
                             .set_scale = set_fp16_scale<Iq4Nl>};

}  // namespace

extern const ModeFunctions k_iq4_nl;
const ModeFunctions k_iq4_nl = gguf_mode<kFormat>();

}  // namespace nety::precision
