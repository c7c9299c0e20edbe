// fp4: bitsandbytes' 4-bit float, one fp32 absmax per 64 weights (four_bit.h).
#include "core/precision/fp4.h"
#include "core/precision/four_bit.h"

namespace nety::precision {

extern const ModeFunctions k_fp4;
const ModeFunctions k_fp4 = four_bit_mode<kFp4Book, ModeId::fp4, false>();

}  // namespace nety::precision
