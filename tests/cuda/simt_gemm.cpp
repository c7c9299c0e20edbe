// The kernels of gemm.cu, emulated.
#include "tests/cuda/simt.h"
//
#include "core/backends/cuda/gemm.cu"
