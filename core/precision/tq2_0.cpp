// tq2_0: 256 weights of 2 bits, -1 to 2, one fp16 scale: w = d * code.
#include "core/precision/gguf_mode.h"
#include "core/precision/layout.h"

namespace nety::precision {
namespace {

void decode(const std::byte* block, DecodedBlock& out) {
  out.d = fp16_at(block + Tq2_0::kScale);
  out.scales.fill(1);
  unpack_2_bits(block + Tq2_0::kCodes, out.codes.data());
  for (int8_t& code : out.codes) code = static_cast<int8_t>(code - 1);
}

constexpr GgufFormat kFormat{.weights = kSuperBlock,
                             .group = 32,
                             .bytes = Tq2_0::kBytes,
                             .has_min = false,
                             .decode = decode,
                             .set_scale = set_fp16_scale<Tq2_0>};

}  // namespace

extern const ModeFunctions k_tq2_0;
const ModeFunctions k_tq2_0 = gguf_panel_mode<kFormat>();

}  // namespace nety::precision
