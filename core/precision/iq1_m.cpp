// iq1_m: 256 weights as points of 8 with a shift each, 3-bit scales per 16:
// w = d / 8 * (2 scale + 1) * code.
#include "core/base/half.h"
#include "core/precision/gguf_mode.h"
#include "core/precision/grids.h"
#include "core/precision/layout.h"

namespace nety::precision {
namespace {

void decode(const std::byte* block, DecodedBlock& out) {
  unsigned bits = 0;
  for (size_t j = 0; j < 4; ++j) {
    const unsigned word = uint16_at(block + Iq1M::kScales + 2 * j);
    bits |= word >> 12 << (4 * j);
    for (size_t g = 0; g < 4; ++g)
      out.scales[4 * j + g] = static_cast<int16_t>(2 * (word >> (3 * g) & 7U) + 1);
  }
  out.d = float_from_fp16(static_cast<uint16_t>(bits)) * 0.125F;
  for (size_t i = 0; i < 32; ++i) {
    const auto high = static_cast<unsigned>(nibble_at(block + Iq1M::kHigh, i));
    const unsigned index = std::to_integer<unsigned>(block[Iq1M::kCodes + i]) | (high & 7U) << 8;
    int8_t* codes = out.codes.data() + 8 * i;
    unpack_point_of_8(kGridIq1[index], kValuesIq1, 0, codes);
    for (size_t k = 0; k < 8; ++k)
      codes[k] = static_cast<int8_t>(codes[k] + ((high & 8U) == 0 ? 1 : -1));
  }
}

void set_scale(std::byte* block, float scale) {
  const unsigned bits = fp16_from_float(scale);
  for (size_t j = 0; j < 4; ++j) {
    std::byte& top = block[Iq1M::kScales + 2 * j + 1];
    top = (top & std::byte{15}) | static_cast<std::byte>((bits >> (4 * j) & 15U) << 4);
  }
}

constexpr GgufFormat kFormat{.weights = kSuperBlock,
                             .group = 16,
                             .bytes = Iq1M::kBytes,
                             .has_min = false,
                             .decode = decode,
                             .set_scale = set_scale};

}  // namespace

extern const ModeFunctions k_iq1_m;
const ModeFunctions k_iq1_m = gguf_panel_mode<kFormat>();

}  // namespace nety::precision
