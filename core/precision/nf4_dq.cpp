// nf4-dq: nf4 with its absmax values in 8 bits (nested_scales.h).
#include "core/precision/four_bit.h"
#include "core/precision/nf4.h"

namespace nety::precision {

extern const ModeFunctions k_nf4_dq;
const ModeFunctions k_nf4_dq = four_bit_mode<kNf4Book, ModeId::nf4_dq, true>();

}  // namespace nety::precision
