// What bitsandbytes stores beside 4-bit weights.
#include <cstdlib>
#include <span>

#include "core/base/error.h"
#include "core/checkpoint/quant_state.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace nety::checkpoint;
  try {
    const QuantState state = parse_quant_state(std::as_bytes(std::span(data, size)), "fuzz", "w");
    if (!is_legal_block(state.block) || state.shape.size() != 2) std::abort();
  } catch (const nety::Error&) {
  }
  return 0;
}
