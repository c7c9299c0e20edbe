// The kernels of rows.cu, emulated.
#include "tests/cuda/simt.h"
//
#include "core/backends/cuda/rows.cu"
