// nf4: bitsandbytes' 4-bit normal float, one fp32 absmax per 64 weights (four_bit.h).
#include "core/precision/nf4.h"
#include "core/precision/four_bit.h"

namespace nety::precision {

extern const ModeFunctions k_nf4;
const ModeFunctions k_nf4 = four_bit_mode<kNf4Book, ModeId::nf4, false>();

}  // namespace nety::precision
