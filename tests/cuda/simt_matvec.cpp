// The kernels of matvec.cu, emulated.
#include "tests/cuda/simt.h"
//
#include "core/backends/cuda/matvec.cu"
