// iq3_s: 256 weights as points of 4 and signs, 4-bit scales per 32: w = d * (2 scale + 1) * code.
#include "core/precision/gguf_mode.h"
#include "core/precision/grids.h"
#include "core/precision/layout.h"

namespace nety::precision {

void decode_iq3_s(const std::byte* block, DecodedBlock& out) {
  out.d = fp16_at(block + Iq3S::kScale);
  for (size_t g = 0; g < 8; ++g)
    out.scales[g] = static_cast<int16_t>(2 * nibble_at(block + Iq3S::kScales, g) + 1);
  for (size_t i = 0; i < 64; ++i) {
    const unsigned high = std::to_integer<unsigned>(block[Iq3S::kHigh + i / 8]) >> (i % 8) & 1U;
    const unsigned index = std::to_integer<unsigned>(block[Iq3S::kCodes + i]) | high << 8;
    const auto signs = static_cast<unsigned>(nibble_at(block + Iq3S::kSigns, i));
    unpack_point_of_4(kGridIq3S[index], kValuesIq3S, signs, out.codes.data() + 4 * i);
  }
}

namespace {

constexpr GgufFormat kFormat{.weights = kSuperBlock,
                             .group = 32,
                             .bytes = Iq3S::kBytes,
                             .has_min = false,
                             .decode = decode_iq3_s,
                             .set_scale = set_fp16_scale<Iq3S>};

}  // namespace

extern const ModeFunctions k_iq3_s;
const ModeFunctions k_iq3_s = gguf_mode<kFormat>();

}  // namespace nety::precision
