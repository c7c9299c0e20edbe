// The kernels of matvec_int8.cu, emulated.
#include "tests/cuda/simt.h"
//
#include "core/backends/cuda/matvec_int8.cu"
