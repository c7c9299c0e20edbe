// iq3_xxs: 256 weights as points of 4 and signs, 4-bit scales per 32:
// w = d / 4 * (2 scale + 1) * code.
#include "core/precision/gguf_mode.h"
#include "core/precision/grids.h"
#include "core/precision/layout.h"

namespace nety::precision {

void decode_iq3_xxs(const std::byte* block, DecodedBlock& out) {
  out.d = fp16_at(block + Iq3Xxs::kScale) * 0.25F;
  for (size_t g = 0; g < 8; ++g) {
    const uint32_t word = uint32_at(block + Iq3Xxs::kSigns + 4 * g);
    out.scales[g] = static_cast<int16_t>(2 * (word >> 28) + 1);
    for (size_t i = 0; i < 8; ++i) {
      const unsigned signs = even_signs(word >> (7 * (i / 2))) >> (4 * (i % 2));
      const auto index = std::to_integer<size_t>(block[Iq3Xxs::kCodes + 8 * g + i]);
      unpack_point_of_4(kGridIq3Xxs[index], kValuesIq3Xxs, signs,
                        out.codes.data() + 32 * g + 4 * i);
    }
  }
}

namespace {

constexpr GgufFormat kFormat{.weights = kSuperBlock,
                             .group = 32,
                             .bytes = Iq3Xxs::kBytes,
                             .has_min = false,
                             .decode = decode_iq3_xxs,
                             .set_scale = set_fp16_scale<Iq3Xxs>};

}  // namespace

extern const ModeFunctions k_iq3_xxs;
const ModeFunctions k_iq3_xxs = gguf_mode<kFormat>();

}  // namespace nety::precision
