// iq4_xs: 256 weights of 4 bits, uneven values, 6-bit scales per 32: w = d * scale * value.
#include "core/precision/gguf_mode.h"
#include "core/precision/layout.h"

namespace nety::precision {

void decode_iq4_xs(const std::byte* block, DecodedBlock& out) {
  out.d = fp16_at(block + Iq4Xs::kScale);
  const unsigned high = uint16_at(block + Iq4Xs::kScalesHigh);
  for (size_t g = 0; g < 8; ++g) {
    const int upper = static_cast<int>(high >> (2 * g) & 3U);
    out.scales[g] =
        static_cast<int16_t>((nibble_at(block + Iq4Xs::kScalesLow, g) | upper << 4) - 32);
    unpack_nibbles(block + Iq4Xs::kCodes + 16 * g, out.codes.data() + 32 * g);
  }
  for (int8_t& code : out.codes) code = Iq4Nl::kValues[static_cast<size_t>(code)];
}

namespace {

constexpr GgufFormat kFormat{.weights = kSuperBlock,
                             .group = 32,
                             .bytes = Iq4Xs::kBytes,
                             .has_min = false,
                             .decode = decode_iq4_xs,
                             .set_scale = set_fp16_scale<Iq4Xs>};

}  // namespace

extern const ModeFunctions k_iq4_xs;
const ModeFunctions k_iq4_xs = gguf_mode<kFormat>();

}  // namespace nety::precision
