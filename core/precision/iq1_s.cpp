// iq1_s: 256 weights as points of 8, a shift and a 3-bit scale per 32:
// w = d / 8 * (2 scale + 1) * code.
#include "core/precision/gguf_mode.h"
#include "core/precision/grids.h"
#include "core/precision/layout.h"

namespace nety::precision {
namespace {

void decode(const std::byte* block, DecodedBlock& out) {
  out.d = fp16_at(block + Iq1S::kScale) * 0.125F;
  for (size_t g = 0; g < 8; ++g) {
    const unsigned word = uint16_at(block + Iq1S::kHigh + 2 * g);
    out.scales[g] = static_cast<int16_t>(2 * (word >> 12 & 7U) + 1);
    const int shift = (word & 0x8000U) == 0 ? 1 : -1;
    int8_t* codes = out.codes.data() + 32 * g;
    for (size_t i = 0; i < 4; ++i) {
      const unsigned high = word >> (3 * i) & 7U;
      const unsigned index = std::to_integer<unsigned>(block[Iq1S::kCodes + 4 * g + i]) | high << 8;
      unpack_point_of_8(kGridIq1[index], kValuesIq1, 0, codes + 8 * i);
    }
    for (size_t k = 0; k < 32; ++k) codes[k] = static_cast<int8_t>(codes[k] + shift);
  }
}

constexpr GgufFormat kFormat{.weights = kSuperBlock,
                             .group = 32,
                             .bytes = Iq1S::kBytes,
                             .has_min = false,
                             .decode = decode,
                             .set_scale = set_fp16_scale<Iq1S>};

}  // namespace

extern const ModeFunctions k_iq1_s;
const ModeFunctions k_iq1_s = gguf_panel_mode<kFormat>();

}  // namespace nety::precision
