// The kernel of memory_rate.cu, emulated.
#include "tests/cuda/simt.h"
//
#include "core/backends/cuda/memory_rate.cu"
