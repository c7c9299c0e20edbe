// iq2_xxs: 256 weights as points of 8 and signs, 4-bit scales per 32:
// w = d / 8 * (2 scale + 1) * code.
#include "core/precision/gguf_mode.h"
#include "core/precision/grids.h"
#include "core/precision/layout.h"

namespace nety::precision {
namespace {

void decode(const std::byte* block, DecodedBlock& out) {
  out.d = fp16_at(block + Iq2Xxs::kScale) * 0.125F;
  for (size_t g = 0; g < 8; ++g) {
    const std::byte* indices = block + Iq2Xxs::kCodes + 8 * g;
    const uint32_t word = uint32_at(indices + 4);
    out.scales[g] = static_cast<int16_t>(2 * (word >> 28) + 1);
    for (size_t i = 0; i < 4; ++i)
      unpack_point_of_8(kGridIq2Xxs[std::to_integer<size_t>(indices[i])], kValuesIq2,
                        even_signs(word >> (7 * i)), out.codes.data() + 32 * g + 8 * i);
  }
}

constexpr GgufFormat kFormat{.weights = kSuperBlock,
                             .group = 32,
                             .bytes = Iq2Xxs::kBytes,
                             .has_min = false,
                             .decode = decode,
                             .set_scale = set_fp16_scale<Iq2Xxs>};

}  // namespace

extern const ModeFunctions k_iq2_xxs;
const ModeFunctions k_iq2_xxs = gguf_panel_mode<kFormat>();

}  // namespace nety::precision
