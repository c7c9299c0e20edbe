// fp4-dq: fp4 with its absmax values in 8 bits (nested_scales.h).
#include "core/precision/four_bit.h"
#include "core/precision/fp4.h"

namespace nety::precision {

extern const ModeFunctions k_fp4_dq;
const ModeFunctions k_fp4_dq = four_bit_mode<kFp4Book, ModeId::fp4_dq, true>();

}  // namespace nety::precision
