// The kernels of attention.cu, emulated.
#include "tests/cuda/simt.h"
//
#include "core/backends/cuda/attention.cu"
