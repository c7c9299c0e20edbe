#if defined(__x86_64__)
#include "core/kernels/fetch.h"

namespace nety::kernels {

extern const int64_t kFetchAhead;
const int64_t kFetchAhead = __builtin_cpu_is("intel") != 0 ? 4096 : 0;

}  // namespace nety::kernels
#endif
