// The kernel of walls.cu, emulated.
#include "tests/cuda/simt.h"
//
#include "core/backends/cuda/walls.cu"
