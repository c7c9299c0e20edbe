// iq2_s: 256 weights as points of 8 and signs, 4-bit scales per 16:
// w = d / 8 * (2 scale + 1) * code.
#include "core/precision/gguf_mode.h"
#include "core/precision/grids.h"
#include "core/precision/layout.h"

namespace nety::precision {
namespace {

void decode(const std::byte* block, DecodedBlock& out) {
  out.d = fp16_at(block + Iq2S::kScale) * 0.125F;
  for (size_t g = 0; g < 16; ++g)
    out.scales[g] = static_cast<int16_t>(2 * nibble_at(block + Iq2S::kScales, g) + 1);
  for (size_t i = 0; i < 32; ++i) {
    const unsigned high =
        std::to_integer<unsigned>(block[Iq2S::kHigh + i / 4]) >> (2 * (i % 4)) & 3U;
    const unsigned index = std::to_integer<unsigned>(block[Iq2S::kCodes + i]) | high << 8;
    unpack_point_of_8(kGridIq2S[index], kValuesIq2,
                      std::to_integer<unsigned>(block[Iq2S::kSigns + i]), out.codes.data() + 8 * i);
  }
}

constexpr GgufFormat kFormat{.weights = kSuperBlock,
                             .group = 16,
                             .bytes = Iq2S::kBytes,
                             .has_min = false,
                             .decode = decode,
                             .set_scale = set_fp16_scale<Iq2S>};

}  // namespace

extern const ModeFunctions k_iq2_s;
const ModeFunctions k_iq2_s = gguf_panel_mode<kFormat>();

}  // namespace nety::precision
