// iq2_xs: 256 weights as points of 8 and signs, 4-bit scales per 16:
// w = d / 8 * (2 scale + 1) * code.
#include "core/precision/gguf_mode.h"
#include "core/precision/grids.h"
#include "core/precision/layout.h"

namespace nety::precision {
namespace {

void decode(const std::byte* block, DecodedBlock& out) {
  out.d = fp16_at(block + Iq2Xs::kScale) * 0.125F;
  for (size_t g = 0; g < 16; ++g)
    out.scales[g] = static_cast<int16_t>(2 * nibble_at(block + Iq2Xs::kScales, g) + 1);
  for (size_t i = 0; i < 32; ++i) {
    const unsigned code = uint16_at(block + Iq2Xs::kCodes + 2 * i);
    unpack_point_of_8(kGridIq2Xs[code & 511U], kValuesIq2, even_signs(code >> 9),
                      out.codes.data() + 8 * i);
  }
}

constexpr GgufFormat kFormat{.weights = kSuperBlock,
                             .group = 16,
                             .bytes = Iq2Xs::kBytes,
                             .has_min = false,
                             .decode = decode,
                             .set_scale = set_fp16_scale<Iq2Xs>};

}  // namespace

extern const ModeFunctions k_iq2_xs;
const ModeFunctions k_iq2_xs = gguf_panel_mode<kFormat>();

}  // namespace nety::precision
