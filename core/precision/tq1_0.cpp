// tq1_0: 256 weights, -1, 0 or 1, five to a byte, one fp16 scale: w = d * code.
#include "core/precision/gguf_mode.h"
#include "core/precision/layout.h"

namespace nety::precision {
namespace {

/// The digits of `count` bytes: codes [digits][count].
void unpack_digits(const std::byte* bytes, size_t count, size_t digits, int8_t* codes) {
  for (size_t i = 0; i < count; ++i) {
    unsigned fraction = std::to_integer<unsigned>(bytes[i]);
    for (size_t digit = 0; digit < digits; ++digit) {
      const unsigned thrice = fraction * 3;
      codes[digit * count + i] = static_cast<int8_t>(static_cast<int>(thrice >> 8) - 1);
      fraction = thrice & 255U;
    }
  }
}

void decode(const std::byte* block, DecodedBlock& out) {
  out.d = fp16_at(block + Tq1_0::kScale);
  out.scales.fill(1);
  const std::byte* bytes = block + Tq1_0::kCodes;
  unpack_digits(bytes, 32, 5, out.codes.data());
  unpack_digits(bytes + 32, 16, 5, out.codes.data() + 160);
  unpack_digits(bytes + 48, 4, 4, out.codes.data() + 240);
}

constexpr GgufFormat kFormat{.weights = kSuperBlock,
                             .group = 32,
                             .bytes = Tq1_0::kBytes,
                             .has_min = false,
                             .decode = decode,
                             .set_scale = set_fp16_scale<Tq1_0>};

}  // namespace

extern const ModeFunctions k_tq1_0;
const ModeFunctions k_tq1_0 = gguf_panel_mode<kFormat>();

}  // namespace nety::precision
